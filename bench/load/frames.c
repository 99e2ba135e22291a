/* What the frames say, in each dialect: hello, the streams checked by their seq (C1), acks and deliveries counted.

   Frames are scanned for the fields that are needed; no text of a run has a quote in it. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load.h"

/* Return where the value of `"name":` begins, NULL where there is none; spaces as json.dumps writes them are skipped. */
const char *find(const char *text, size_t length, const char *name) {
    const char *found = memmem(text, length, name, strlen(name));
    if (found == NULL) return NULL;
    const char *value = found + strlen(name), *end = text + length;
    while (value < end && *value == ' ') value++;
    return value < end ? value : NULL;
}

bool starts(const char *value, const char *word) { return strncmp(value, word, strlen(word)) == 0; }

static int64_t number(const char *text, size_t length, const char *name) {
    const char *value = find(text, length, name);
    return value == NULL ? -1 : strtoll(value, NULL, 10);
}

void send_command(Connection *connection, const char *json, size_t length) {
    if (plan.dialect != SOCKET_IO) {
        send_text(connection, json, length);
        return;
    }
    char packet[16384];
    int size = snprintf(packet, sizeof packet, "42[\"command\",%.*s]", (int)length, json);
    if (size >= (int)sizeof packet) abort();
    send_text(connection, packet, (size_t)size);
}

int write_message(char *command, size_t room, const char *tag, int64_t chat, const char *text) {
    if (plan.dialect == XMPP) return write_groupchat(command, room, tag, chat, text);
    return snprintf(command, room, "{\"type\":\"message.send\",\"id\":\"%s\",\"chat\":%lld,\"text\":\"%.*s\"}", tag,
                    (long long)chat, plan.text_bytes, text);
}

void say_hello(Connection *connection) {
    if (plan.dialect == XMPP) {
        open_stream(connection);
        return;
    }
    char hello[16000];
    int length = snprintf(hello, sizeof hello, "{\"type\":\"hello\",\"id\":\"h\"");
    if (plan.epoch != NULL) {
        length += snprintf(hello + length, sizeof hello - (size_t)length, ",\"epoch\":\"%s\",\"resume\":{", plan.epoch);
        for (int i = 0; i < connection->chats && length < (int)sizeof hello - 64; i++)
            length += snprintf(hello + length, sizeof hello - (size_t)length, "%s\"%lld\":0", i ? "," : "",
                               (long long)connection->cursors[i].chat);
        length += snprintf(hello + length, sizeof hello - (size_t)length, "}");
    }
    length += snprintf(hello + length, sizeof hello - (size_t)length, "}");
    send_command(connection, hello, (size_t)length);
}

/* Where the streams begin on this connection. */
static void take_ready(Connection *connection, const char *text, size_t length) {
    const char *at = find(text, length, "\"chats\":"), *end = text + length;
    if (plan.dialect != CHAT_V1) return;
    while (at != NULL && (at = find(at, (size_t)(end - at), "\"chat\":")) != NULL) {
        int64_t chat = strtoll(at, NULL, 10), from = number(at, (size_t)(end - at), "\"from\":");
        Cursor *cursor = find_cursor(connection, chat);
        if (cursor == NULL || from < 1) {
            run.violations++;
            continue;
        }
        cursor->next = from;
    }
}

/* C1: an event, or the ack that stands in its place, has the next seq of its chat. */
static void follow(Connection *connection, const char *text, size_t length) {
    if (plan.dialect != CHAT_V1) return;
    int64_t chat = number(text, length, "\"chat\":"), seq = number(text, length, "\"seq\":");
    Cursor *cursor = find_cursor(connection, chat);
    if (cursor == NULL || cursor->next != seq) {
        if (run.violations++ < 3)
            fprintf(stderr, "load: expected seq %lld, got %.*s\n", cursor ? (long long)cursor->next : -1, (int)length,
                    text);
        if (cursor == NULL) return;
    }
    cursor->next = seq + 1;
}

void settle(const char *text, size_t length, const char *name, void (*count)(const char *, size_t)) {
    const char *value = find(text, length, name);
    if (value != NULL) count(value + 1, (size_t)(text + length - value - 1));
}

void finish_opening(Connection *connection) {
    if (connection->state != OPENING) return;
    connection->state = OPEN;
    sockets.opening--;
    sockets.open++;
    record(&sockets.opened, now_ns() - connection->started);
}

/* Engine.IO and Socket.IO packets: open, ping, connected; true where there is an event to be read. */
static bool unwrap(Connection *connection, const char **text, size_t *length) {
    if (starts(*text, "2")) send_text(connection, "3", 1);
    else if (starts(*text, "40")) say_hello(connection);
    else if (starts(*text, "0")) send_text(connection, "40", 2);
    if (!starts(*text, "42")) return false;
    const char *object = memchr(*text, '{', *length);
    if (object == NULL) return false;
    *length -= (size_t)(object - *text);
    *text = object;
    return true;
}

void take_text(Connection *connection, const char *text, size_t length) {
    if (plan.dialect == XMPP) {
        take_stanza(connection, text, length);
        return;
    }
    if (plan.dialect == SOCKET_IO && !unwrap(connection, &text, &length)) return;
    const char *type = find(text, length, "\"type\":");
    if (type == NULL) return;
    type++;
    if (starts(type, "message.created\"")) {
        follow(connection, text, length);
        if (connection->state == OPENING) sockets.replayed++;
        else settle(text, length, "\"text\":", settle_delivery);
    } else if (starts(type, "ack\"")) {
        follow(connection, text, length);
        settle(text, length, "\"id\":", settle_ack);
    } else if (starts(type, "ready\"")) {
        take_ready(connection, text, length);
    } else if (starts(type, "caught_up\"")) {
        finish_opening(connection);
    } else if (starts(type, "error\"") || starts(type, "bye\"")) {
        if (run.errors++ < 3) fprintf(stderr, "load: %.*s\n", (int)length, text);
    } else if (starts(type, "typing\"") || starts(type, "read\"")) {
        run.signals++;
    }
}
