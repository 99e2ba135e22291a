/* One open-loop run: message n is due at start + n / rate, whatever became of those before it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load.h"

Run run;

/* Sends that fall due this close together leave in one turn: a wake-up for each would cost the core that the
   database shares with us more than it tells. */
static const int64_t TICK = 200000;
/* Acks outstanding for so long at the rate of the run: an overload, and more of it would only lengthen the wait after. */
static const double OVERLOAD_SECONDS = 1.5;

/* Tags are "r<run>-<n>": the id of a message and the beginning of its text. Return n, -1 for those of another run. */
static int64_t read_tag(const char *tag, size_t length) {
    if (length < 4 || tag[0] != 'r') return -1;
    char *end;
    long number = strtol(tag + 1, &end, 10);
    if (number != run.number || *end != '-') return -1;
    int64_t n = strtoll(end + 1, NULL, 10);
    return n < run.total ? n : -1;
}

void settle_ack(const char *tag, size_t length) {
    int64_t n = read_tag(tag, length);
    if (n < 0) return;
    run.acks++;
    record(&run.ack, now_ns() - run.scheduled[n]);
}

void settle_delivery(const char *tag, size_t length) {
    int64_t n = read_tag(tag, length);
    if (n < 0) return;
    run.deliveries++;
    record(&run.delivery, now_ns() - run.scheduled[n]);
}

static Connection *draw_member(const Chat *chat) {
    Connection *connection = &plan.connections[chat->members[draw((uint64_t)chat->size)]];
    return connection->state == OPEN ? connection : NULL;
}

static int count_open(const Chat *chat) {
    int open = 0;
    for (int i = 0; i < chat->size; i++) open += plan.connections[chat->members[i]].state == OPEN;
    return open;
}

static void send_message(int64_t n) {
    const Chat *chat = draw_chat();
    Connection *sender = draw_member(chat);
    run.sent++;
    if (sender == NULL) {
        run.errors++;
        return;
    }
    run.expected += count_open(chat) - 1;
    char tag[48], command[8192], text[4096];
    int tagged = snprintf(tag, sizeof tag, "r%d-%lld", run.number, (long long)n);
    memset(text, 'x', sizeof text);
    memcpy(text, tag, (size_t)tagged);
    text[tagged] = ' ';
    int length = write_message(command, sizeof command, tag, chat->id, text);
    record(&run.lag, now_ns() - run.scheduled[n]);
    send_command(sender, command, (size_t)length);
}

static void send_signal(const char *type, bool with_seq) {
    const Chat *chat = draw_chat();
    Connection *sender = draw_member(chat);
    if (sender == NULL) return;
    char json[256];
    Cursor *cursor = find_cursor(sender, chat->id);
    int length = with_seq ? snprintf(json, sizeof json, "{\"type\":\"%s\",\"chat\":%lld,\"seq\":%lld}", type,
                                     (long long)chat->id, (long long)cursor->next - 1)
                          : snprintf(json, sizeof json, "{\"type\":\"%s\",\"chat\":%lld,\"on\":true}", type,
                                     (long long)chat->id);
    send_command(sender, json, (size_t)length);
}

static bool chance(double share) { return share > 0 && (double)draw(1000000) < share * 1e6; }

static bool is_complete(void) { return run.acks >= run.sent - run.errors && run.deliveries >= run.expected; }

static void print_result(double rate, double seconds, double cpu, uint64_t frames, int64_t closed, bool overload) {
    printf("{\"rate\":%.1f,\"seconds\":%.3f,\"sent\":%lld,\"acks\":%lld,\"expected\":%lld,\"deliveries\":%lld,"
           "\"errors\":%lld,\"violations\":%lld,\"signals\":%lld,\"closed\":%lld,\"overload\":%s,\"complete\":%s,",
           rate, seconds, (long long)run.sent, (long long)run.acks, (long long)run.expected, (long long)run.deliveries,
           (long long)run.errors, (long long)run.violations, (long long)run.signals, (long long)closed,
           overload ? "true" : "false", is_complete() ? "true" : "false");
    print_quantiles("ack_ms", &run.ack);
    printf(",");
    print_quantiles("delivery_ms", &run.delivery);
    printf(",");
    print_quantiles("lag_ms", &run.lag);
    printf(",\"cpu_share\":%.3f,\"ceiling\":%.0f}\n", cpu / seconds, cpu > 0 ? (double)frames / cpu : 0);
    fflush(stdout);
}

/* `drain` bounds the wait for what is outstanding after the last send. `typing` and `reading` are signals for each message. */
void run_load(double rate, double seconds, double drain, double typing, double reading) {
    int number = run.number + 1;
    free(run.scheduled);
    run = (Run){.number = number, .total = (int64_t)(rate * seconds)};
    run.scheduled = calloc((size_t)run.total + 1, sizeof(int64_t));
    if (run.scheduled == NULL) abort();
    int64_t start = now_ns() + 20000000, closed_before = sockets.closed;
    uint64_t frames_before = sockets.frames;
    double cpu = cpu_seconds();
    for (int64_t n = 0; n < run.total; n++) run.scheduled[n] = start + (int64_t)((double)n / rate * 1e9);
    bool overload = false;
    while (run.sent < run.total && !overload) {
        int64_t now = now_ns();
        while (run.sent < run.total && run.scheduled[run.sent] <= now) {
            send_message(run.sent);
            if (chance(typing)) send_signal("typing", false);
            if (chance(reading)) send_signal("read", true);
        }
        overload = (double)(run.sent - run.acks - run.errors) > rate * OVERLOAD_SECONDS + 20;
        int64_t next = run.sent < run.total ? run.scheduled[run.sent] : now;
        turn(next > now + TICK ? next : now + TICK);
    }
    int64_t end = now_ns() + (int64_t)(drain * 1e9);
    while (!is_complete() && now_ns() < end) turn(now_ns() + 10000000);
    double elapsed = (double)(now_ns() - start) / 1e9;
    print_result(rate, elapsed, cpu_seconds() - cpu, sockets.frames - frames_before, sockets.closed - closed_before,
                 overload);
}
