/* The load generator: one thread, one epoll, every connection of a run. See main.c for what it is told and what it says. */
#ifndef LOAD_H
#define LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* ---- clock and latencies (histogram.c); times are nanoseconds, latencies microseconds */

#define BUCKETS 2048

typedef struct {
    uint64_t buckets[BUCKETS];
    uint64_t count, largest;
} Histogram;

int64_t now_ns(void);
double cpu_seconds(void);
void record(Histogram *histogram, int64_t nanoseconds);
double quantile_ms(const Histogram *histogram, double share);
void print_quantiles(const char *name, const Histogram *histogram);

/* ---- bytes (buffer.c) */

typedef struct {
    char *bytes;
    size_t length, room;
} Buffer;

void append(Buffer *buffer, const void *bytes, size_t length);
void keep_from(Buffer *buffer, size_t offset);
void release(Buffer *buffer);

/* ---- what a run consists of (plan.c) */

typedef enum { CHAT_V1, PLAIN, SOCKET_IO, XMPP } Dialect;

typedef struct {
    int64_t chat, next;  /* the seq that the next event of the chat must have */
} Cursor;

typedef enum { CLOSED, TICKET, HANDSHAKE, OPENING, OPEN } State;

typedef struct {
    int fd, port;
    State state;
    bool wants_write;
    char *token;
    Cursor *cursors;
    int chats, joined;  /* joined: rooms that have confirmed it, in XMPP */
    Buffer in, out;
    int64_t started;
} Connection;

typedef struct {
    int64_t id;
    double weight;  /* of this and all chats before it */
    int *members;
    int size;
} Chat;

typedef struct {
    Dialect dialect;
    char *ticket, *path, *epoch;
    Connection *connections;
    int users;
    Chat *chats;
    int chat_count, text_bytes;
} Plan;

extern Plan plan;

void read_plan(const char *file);
Cursor *find_cursor(Connection *connection, int64_t chat);
const Chat *draw_chat(void);
uint64_t draw(uint64_t below);

/* ---- connections (connection.c, websocket.c) */

typedef struct {
    int open, opening, failed, closed;
    uint64_t frames, replayed;
    Histogram opened;
} Sockets;

extern Sockets sockets;

void start_polling(void);
void turn(int64_t until);
bool command_waits(void);
void wait_for_command(void);
void open_connection(Connection *connection);
void close_connection(Connection *connection, bool by_us);
void send_text(Connection *connection, const char *text, size_t length);
void put(Connection *connection, const char *bytes, size_t length);
size_t take_http(Connection *connection, char *bytes, size_t length);
size_t take_frames(Connection *connection, char *bytes, size_t length);
void request_ticket(Connection *connection);
void request_upgrade(Connection *connection);

/* ---- the dialects (frames.c, xmpp.c) */

void say_hello(Connection *connection);
void take_text(Connection *connection, const char *text, size_t length);
int write_message(char *command, size_t room, const char *tag, int64_t chat, const char *text);
void send_command(Connection *connection, const char *command, size_t length);
void finish_opening(Connection *connection);
const char *find(const char *text, size_t length, const char *name);
bool starts(const char *value, const char *word);
void settle(const char *text, size_t length, const char *name, void (*count)(const char *, size_t));

void open_stream(Connection *connection);
void take_stanza(Connection *connection, const char *text, size_t length);
int write_groupchat(char *stanza, size_t room, const char *tag, int64_t chat, const char *text);

/* ---- a measured run (run.c) */

typedef struct {
    int number;  /* of this run; frames of an earlier one that come late are not counted */
    int64_t *scheduled;
    int64_t total, sent, acks, errors, expected, deliveries, violations, signals;
    Histogram ack, delivery, lag;
} Run;

extern Run run;

void settle_ack(const char *tag, size_t length);
void settle_delivery(const char *tag, size_t length);
void run_load(double rate, double seconds, double drain, double typing, double reading);

#endif
