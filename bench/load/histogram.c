/* Latencies in buckets of 1.6 % width, the clock, and the processor time of this process. */
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

#include "load.h"

int64_t now_ns(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

double cpu_seconds(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* Up to 64 µs a bucket each; from there on 64 buckets for each power of two. */
static int bucket_of(uint64_t value) {
    if (value < 64) return (int)value;
    int power = 63 - __builtin_clzll(value);
    int bucket = (power - 5) * 64 + (int)((value >> (power - 6)) & 63);
    return bucket < BUCKETS ? bucket : BUCKETS - 1;
}

static uint64_t upper_end(int bucket) {
    if (bucket < 64) return (uint64_t)bucket;
    int power = bucket / 64 + 5;
    return ((uint64_t)(64 + bucket % 64 + 1) << (power - 6)) - 1;
}

void record(Histogram *histogram, int64_t nanoseconds) {
    uint64_t value = nanoseconds > 0 ? (uint64_t)nanoseconds / 1000 : 0;
    histogram->buckets[bucket_of(value)]++;
    histogram->count++;
    if (value > histogram->largest) histogram->largest = value;
}

double quantile_ms(const Histogram *histogram, double share) {
    uint64_t wanted = (uint64_t)(share * (double)histogram->count), seen = 0;
    for (int bucket = 0; bucket < BUCKETS; bucket++) {
        seen += histogram->buckets[bucket];
        if (seen > wanted) {
            uint64_t end = upper_end(bucket);
            return (double)(end < histogram->largest ? end : histogram->largest) / 1000;
        }
    }
    return (double)histogram->largest / 1000;
}

void print_quantiles(const char *name, const Histogram *histogram) {
    printf("\"%s\":{\"p50\":%.3f,\"p90\":%.3f,\"p99\":%.3f,\"largest\":%.3f}", name, quantile_ms(histogram, 0.5),
           quantile_ms(histogram, 0.9), quantile_ms(histogram, 0.99), (double)histogram->largest / 1000);
}
