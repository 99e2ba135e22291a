/* The plan: who connects where, and who is in which chat.

   A text file, one fact a line, users before the chats that name them by their place among the users:
     dialect chat.v1|plain|socket.io|xmpp     path /ws/?device=bench      ticket /api/ws-ticket/?device=bench
     epoch NAME (hello resumes each chat from its beginning)         text BYTES
     user PORT TOKEN                     chat ID WEIGHT USER USER ...
*/
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load.h"

Plan plan;

static uint64_t seed = 88172645463325252ULL;

/* xorshift: the same sequence in every run. */
uint64_t draw(uint64_t below) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed % below;
}

const Chat *draw_chat(void) {
    double wanted = (double)draw(1ULL << 53) / (double)(1ULL << 53) * plan.chats[plan.chat_count - 1].weight;
    int low = 0, high = plan.chat_count - 1;
    while (low < high) {
        int middle = (low + high) / 2;
        if (plan.chats[middle].weight > wanted)
            high = middle;
        else
            low = middle + 1;
    }
    return &plan.chats[low];
}

Cursor *find_cursor(Connection *connection, int64_t chat) {
    int low = 0, high = connection->chats - 1;
    while (low <= high) {
        int middle = (low + high) / 2;
        Cursor *cursor = &connection->cursors[middle];
        if (cursor->chat == chat) return cursor;
        if (cursor->chat < chat)
            low = middle + 1;
        else
            high = middle - 1;
    }
    return NULL;
}

/* Chats come in the order of their ids, so that the cursors of each user are sorted. */
static void join(Connection *connection, int64_t chat) {
    if ((connection->chats & (connection->chats - 1)) == 0) {
        size_t room = connection->chats ? (size_t)connection->chats * 2 : 1;
        connection->cursors = realloc(connection->cursors, room * sizeof(Cursor));
        if (connection->cursors == NULL) abort();
    }
    connection->cursors[connection->chats++] = (Cursor){chat, 1};
}

static void add_user(char *words) {
    if ((plan.users & 1023) == 0) {
        plan.connections = realloc(plan.connections, (size_t)(plan.users + 1024) * sizeof(Connection));
        if (plan.connections == NULL) abort();
    }
    char *token;
    int port = (int)strtol(words, &token, 10);
    plan.connections[plan.users++] = (Connection){.fd = -1, .port = port, .token = strdup(token + 1)};
}

static void add_chat(char *words) {
    if ((plan.chat_count & 1023) == 0) {
        plan.chats = realloc(plan.chats, (size_t)(plan.chat_count + 1024) * sizeof(Chat));
        if (plan.chats == NULL) abort();
    }
    Chat *chat = &plan.chats[plan.chat_count];
    double before = plan.chat_count ? chat[-1].weight : 0;
    *chat = (Chat){.id = strtoll(words, &words, 10)};
    chat->weight = before + strtod(words, &words);
    chat->members = malloc((strlen(words) / 2 + 1) * sizeof(int));
    for (char *end = words;; words = end) {
        int user = (int)strtol(words, &end, 10);
        if (end == words) break;
        if (user < 0 || user >= plan.users) errx(1, "chat %lld has no user %d", (long long)chat->id, user);
        chat->members[chat->size++] = user;
        join(&plan.connections[user], chat->id);
    }
    plan.chat_count++;
}

static Dialect read_dialect(const char *name) {
    if (strcmp(name, "chat.v1") == 0) return CHAT_V1;
    if (strcmp(name, "plain") == 0) return PLAIN;
    if (strcmp(name, "socket.io") == 0) return SOCKET_IO;
    if (strcmp(name, "xmpp") == 0) return XMPP;
    errx(1, "no dialect %s", name);
}

void read_plan(const char *file) {
    FILE *lines = fopen(file, "r");
    if (lines == NULL) err(1, "%s", file);
    char *line = NULL;
    size_t room = 0;
    while (getline(&line, &room, lines) > 0) {
        line[strcspn(line, "\n")] = 0;
        char *rest = strchr(line, ' ');
        if (rest == NULL) continue;
        *rest++ = 0;
        if (strcmp(line, "user") == 0) add_user(rest);
        else if (strcmp(line, "chat") == 0) add_chat(rest);
        else if (strcmp(line, "dialect") == 0) plan.dialect = read_dialect(rest);
        else if (strcmp(line, "path") == 0) plan.path = strdup(rest);
        else if (strcmp(line, "ticket") == 0) plan.ticket = strdup(rest);
        else if (strcmp(line, "epoch") == 0) plan.epoch = strdup(rest);
        else if (strcmp(line, "text") == 0) plan.text_bytes = atoi(rest);
        else errx(1, "the plan says %s", line);
    }
    free(line);
    fclose(lines);
    if (plan.path == NULL || plan.users == 0 || plan.chat_count == 0) errx(1, "the plan lacks a path, users or chats");
}
