/* HTTP as far as a ticket and a handshake need it, and WebSocket frames: masked out, unmasked in. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load.h"

static const unsigned char MASK[4] = {0x37, 0xfa, 0x21, 0x3d};

enum { TEXT = 1, CLOSE = 8, PING = 9, PONG = 10 };

static void request(Connection *connection, const char *path, const char *more) {
    char head[2048];
    int length = snprintf(head, sizeof head,
                          "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAuthorization: Bearer %s\r\n%s\r\n", path,
                          connection->port, connection->token, more);
    if (length >= (int)sizeof head) abort();
    put(connection, head, (size_t)length);
}

void request_ticket(Connection *connection) { request(connection, plan.ticket, "Connection: close\r\n"); }

#define UPGRADE \
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" \
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

void request_upgrade(Connection *connection) {
    request(connection, plan.path, plan.dialect == XMPP ? UPGRADE "Sec-WebSocket-Protocol: xmpp\r\n" : UPGRADE);
}

/* Return how many bytes the answer has, 0 while it is not whole; an answer that is no success ends the connection. */
size_t take_http(Connection *connection, char *bytes, size_t length) {
    char *end = memmem(bytes, length, "\r\n\r\n", 4);
    if (end == NULL) return 0;
    size_t head = (size_t)(end - bytes) + 4;
    int status = atoi(bytes + 9), wanted = connection->state == TICKET ? 200 : 101;
    if (status != wanted) {
        if (sockets.failed < 3) fprintf(stderr, "load: answered %.*s\n", (int)(length < 400 ? length : 400), bytes);
        close_connection(connection, false);
        return 0;
    }
    if (connection->state == TICKET) {
        *end = 0;
        char *field = strcasestr(bytes, "\r\ncontent-length:");
        *end = '\r';
        size_t body = field == NULL ? 0 : strtoul(field + 17, NULL, 10);
        return length >= head + body ? head + body : 0;
    }
    connection->state = OPENING;
    if (plan.dialect != SOCKET_IO) say_hello(connection);
    return head;
}

static void send_frame(Connection *connection, int opcode, const char *payload, size_t length) {
    char frame[16384];
    if (length > sizeof frame - 8) abort();
    size_t head = 2;
    frame[0] = (char)(0x80 | opcode);
    if (length < 126) {
        frame[1] = (char)(0x80 | length);
    } else {
        frame[1] = (char)(0x80 | 126);
        frame[2] = (char)(length >> 8);
        frame[3] = (char)length;
        head = 4;
    }
    memcpy(frame + head, MASK, 4);
    for (size_t i = 0; i < length; i++) frame[head + 4 + i] = payload[i] ^ (char)MASK[i & 3];
    put(connection, frame, head + 4 + length);
}

void send_text(Connection *connection, const char *text, size_t length) {
    send_frame(connection, TEXT, text, length);
}

static void take_frame(Connection *connection, int opcode, const char *payload, size_t length) {
    sockets.frames++;
    if (opcode == TEXT) {
        take_text(connection, payload, length);
    } else if (opcode == PING) {
        send_frame(connection, PONG, payload, length);
    } else if (opcode == CLOSE) {
        if (sockets.closed < 3 && length >= 2)
            fprintf(stderr, "load: closed with %d\n", (unsigned char)payload[0] << 8 | (unsigned char)payload[1]);
        close_connection(connection, false);
    }
}

/* Return how many bytes of whole frames there were. Servers here send no fragments. */
size_t take_frames(Connection *connection, char *bytes, size_t length) {
    size_t taken = 0;
    while (length - taken >= 2 && connection->state != CLOSED) {
        const unsigned char *head = (unsigned char *)bytes + taken;
        size_t size = head[1] & 0x7f, offset = 2;
        if (size == 126) {
            if (length - taken < 4) break;
            size = (size_t)head[2] << 8 | head[3];
            offset = 4;
        } else if (size == 127) {
            if (length - taken < 10) break;
            size = 0;
            for (int i = 2; i < 10; i++) size = size << 8 | head[i];
            offset = 10;
        }
        if (length - taken < offset + size) break;
        take_frame(connection, head[0] & 0x0f, bytes + taken + offset, size);
        taken += offset + size;
    }
    return taken;
}
