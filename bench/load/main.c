/* A load generator for chat.v1:   load PLAN

   One command a line on stdin, one line of JSON on stdout for each; the plan is described in plan.c. Between commands
   sockets are still read and pings answered.
     connect PARALLEL SECONDS                       open every connection that is closed, for at most so long; those that
                                                    are refused try again after a second
     run RATE SECONDS DRAIN [TYPING READING]        send messages, each due at its time, and wait for what they cause
     close                                          drop all connections without a word
   It ends with its stdin. `ceiling` is how many frames a second it would take with a whole core: what it took, by the
   processor time that this cost. */
#include <err.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "load.h"

/* How long a connection that was refused waits before it tries again. */
static const int64_t RETRY = 1000000000;

static void connect_all(int parallel, double seconds) {
    sockets.failed = 0;
    sockets.replayed = 0;
    memset(&sockets.opened, 0, sizeof sockets.opened);
    run.violations = 0;
    int64_t start = now_ns(), end = start + (int64_t)(seconds * 1e9);
    uint64_t frames = sockets.frames;
    double cpu = cpu_seconds();
    int next = 0, before = sockets.open;
    int64_t again = start + RETRY;
    while (sockets.open < plan.users && now_ns() < end) {
        for (; next < plan.users && sockets.opening < parallel; next++)
            if (plan.connections[next].state == CLOSED) open_connection(&plan.connections[next]);
        turn(now_ns() + 10000000);
        if (next == plan.users && now_ns() > again) {
            /* Once more, for those that were told to come again. */
            next = 0;
            again = now_ns() + RETRY;
        }
    }
    double elapsed = (double)(now_ns() - start) / 1e9, spent = cpu_seconds() - cpu;
    printf("{\"opened\":%d,\"failed\":%d,\"unfinished\":%d,\"seconds\":%.3f,\"replayed\":%llu,\"violations\":%lld,",
           sockets.open - before, sockets.failed, sockets.opening, elapsed, (unsigned long long)sockets.replayed,
           (long long)run.violations);
    print_quantiles("opened_ms", &sockets.opened);
    printf(",\"cpu_share\":%.3f,\"ceiling\":%.0f}\n", spent / elapsed,
           spent > 0 ? (double)(sockets.frames - frames) / spent : 0);
    fflush(stdout);
    for (int i = 0; i < plan.users; i++)
        if (plan.connections[i].state != OPEN) close_connection(&plan.connections[i], true);
}

static void close_all(void) {
    for (int i = 0; i < plan.users; i++) close_connection(&plan.connections[i], true);
    printf("{}\n");
    fflush(stdout);
}

static void obey(const char *line) {
    int parallel;
    double rate, seconds, drain, typing = 0, reading = 0;
    if (sscanf(line, "connect %d %lf", &parallel, &seconds) == 2) connect_all(parallel, seconds);
    else if (sscanf(line, "run %lf %lf %lf %lf %lf", &rate, &seconds, &drain, &typing, &reading) >= 3)
        run_load(rate, seconds, drain, typing, reading);
    else if (strncmp(line, "close", 5) == 0) close_all();
    else errx(1, "no command %s", line);
}

int main(int count, char **words) {
    if (count != 2) errx(2, "load PLAN");
    read_plan(words[1]);
    start_polling();
    /* No id of an earlier generator again: to the server that would be the same message. */
    run.number = (int)(getpid() % 1000000) * 1000;
    char line[256];
    for (;;) {
        turn(now_ns() + 1000000000);
        if (!command_waits()) continue;
        /* Whoever drives it waits for each answer, so there is at most one line to be read. */
        ssize_t got = read(STDIN_FILENO, line, sizeof line - 1);
        if (got <= 0) return 0;
        line[got] = 0;
        obey(line);
        wait_for_command();
    }
}
