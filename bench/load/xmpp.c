/* XMPP over WebSocket (RFC 7395): a stream with an anonymous user, a room for each chat, messages to rooms.

   A stanza is a frame, and is scanned for what is needed; an attribute's value follows its quote, of either kind. There is no
   ack in XMPP: the sender's own message, as the room sends it back to everybody, stands for it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load.h"

/* As bench/prosody.py names them to the server. */
#define DOMAIN "localhost"
#define ROOMS "conference." DOMAIN

static void say(Connection *connection, const char *stanza) { send_text(connection, stanza, strlen(stanza)); }

/* Who has which name in the rooms: user n of the plan is un. */
static int place_of(const Connection *connection) { return (int)(connection - plan.connections); }

void open_stream(Connection *connection) {
    say(connection, "<open xmlns=\"urn:ietf:params:xml:ns:xmpp-framing\" to=\"" DOMAIN "\" version=\"1.0\"/>");
}

static void authenticate(Connection *connection) {
    say(connection, "<auth xmlns=\"urn:ietf:params:xml:ns:xmpp-sasl\" mechanism=\"ANONYMOUS\"/>");
}

static void bind_resource(Connection *connection) {
    say(connection, "<iq xmlns=\"jabber:client\" type=\"set\" id=\"bind\">"
                    "<bind xmlns=\"urn:ietf:params:xml:ns:xmpp-bind\"/></iq>");
}

static void join_rooms(Connection *connection) {
    connection->joined = 0;
    if (connection->chats == 0) finish_opening(connection);
    for (int i = 0; i < connection->chats && connection->state == OPENING; i++) {
        char stanza[512];
        int length = snprintf(stanza, sizeof stanza,
                              "<presence xmlns=\"jabber:client\" to=\"c%lld@" ROOMS "/u%d\">"
                              "<x xmlns=\"http://jabber.org/protocol/muc\"><history maxstanzas=\"0\"/></x></presence>",
                              (long long)connection->cursors[i].chat, place_of(connection));
        send_text(connection, stanza, (size_t)length);
    }
}

int write_groupchat(char *stanza, size_t room, const char *tag, int64_t chat, const char *text) {
    return snprintf(stanza, room,
                    "<message xmlns=\"jabber:client\" type=\"groupchat\" id=\"%s\" to=\"c%lld@" ROOMS "\"><body>%.*s</body>"
                    "</message>", tag, (long long)chat, plan.text_bytes, text);
}

static void refuse(Connection *connection, const char *text, size_t length) {
    if (sockets.failed < 3) fprintf(stderr, "load: refused with %.*s\n", (int)length, text);
    close_connection(connection, false);
}

/* Status 110 marks one's own presence: the last thing that a room says of those who are in it. */
static bool is_own_presence(const char *text, size_t length) {
    const char *at = text, *end = text + length;
    while ((at = find(at, (size_t)(end - at), "code=")) != NULL)
        if (starts(at + 1, "110")) return true;
    return false;
}

static void take_presence(Connection *connection, const char *text, size_t length) {
    if (connection->state != OPENING) return;
    const char *type = find(text, length, " type=");
    /* The name may still be that of a connection which the server has not seen end: to be tried again. */
    if (type != NULL && starts(type + 1, "error")) refuse(connection, text, length);
    else if (is_own_presence(text, length) && ++connection->joined == connection->chats) finish_opening(connection);
}

static bool is_from(const Connection *connection, const char *text, size_t length) {
    const char *from = find(text, length, " from=");
    const char *name = from == NULL ? NULL : memchr(from, '/', (size_t)(text + length - from));
    return name != NULL && name[1] == 'u' && strtol(name + 2, NULL, 10) == place_of(connection);
}

static void take_message(Connection *connection, const char *text, size_t length) {
    const char *type = find(text, length, " type=");
    if (type != NULL && starts(type + 1, "error")) {
        if (run.errors++ < 3) fprintf(stderr, "load: %.*s\n", (int)length, text);
    } else if (is_from(connection, text, length)) {
        settle(text, length, " id=", settle_ack);
    } else {
        settle(text, length, "<body", settle_delivery);
    }
}

void take_stanza(Connection *connection, const char *text, size_t length) {
    if (starts(text, "<message")) take_message(connection, text, length);
    else if (starts(text, "<presence")) take_presence(connection, text, length);
    else if (starts(text, "<success")) open_stream(connection);
    else if (starts(text, "<iq") && find(text, length, "<jid") != NULL) join_rooms(connection);
    else if (find(text, length, "<mechanisms") != NULL) authenticate(connection);
    else if (starts(text, "<stream:features")) bind_resource(connection);
    else if (!starts(text, "<open")) refuse(connection, text, length);
}
