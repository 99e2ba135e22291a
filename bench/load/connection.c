/* TCP connections on one epoll: opening, reading, writing what the kernel takes, closing. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "load.h"

Sockets sockets;

static int poll_fd;
static bool command_ready;
static char chunk[4 << 20];

static void watch(int operation, int fd, uint32_t events, void *what) {
    struct epoll_event event = {.events = events, .data.ptr = what};
    if (epoll_ctl(poll_fd, operation, fd, &event) < 0) err(1, "epoll_ctl");
}

void start_polling(void) {
    poll_fd = epoll_create1(0);
    if (poll_fd < 0) err(1, "epoll_create1");
    watch(EPOLL_CTL_ADD, STDIN_FILENO, EPOLLIN | EPOLLONESHOT, NULL);
}

bool command_waits(void) { return command_ready; }

void wait_for_command(void) {
    command_ready = false;
    watch(EPOLL_CTL_MOD, STDIN_FILENO, EPOLLIN | EPOLLONESHOT, NULL);
}

static void dial(Connection *connection, State state) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)connection->port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) err(1, "socket");
    int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    connection->fd = fd;
    connection->state = state;
    connection->wants_write = true;
    if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0 && errno != EINPROGRESS) err(1, "connect");
    watch(EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLOUT, connection);
}

void open_connection(Connection *connection) {
    connection->started = now_ns();
    sockets.opening++;
    if (plan.ticket != NULL) {
        dial(connection, TICKET);
        request_ticket(connection);
    } else {
        dial(connection, HANDSHAKE);
        request_upgrade(connection);
    }
}

/* A ticket is fetched on a connection of its own, as an HTTP library does it. */
static void go_on_with_ticket(Connection *connection) {
    close(connection->fd);
    release(&connection->in);
    release(&connection->out);
    dial(connection, HANDSHAKE);
    request_upgrade(connection);
}

void close_connection(Connection *connection, bool by_us) {
    if (connection->state == CLOSED) return;
    if (connection->state == OPEN) {
        sockets.open--;
        if (!by_us) sockets.closed++;
    } else {
        sockets.opening--;
        sockets.failed++;
    }
    close(connection->fd);
    connection->fd = -1;
    connection->state = CLOSED;
    release(&connection->in);
    release(&connection->out);
}

static void flush(Connection *connection) {
    Buffer *out = &connection->out;
    size_t done = 0;
    while (done < out->length) {
        ssize_t sent = send(connection->fd, out->bytes + done, out->length - done, MSG_NOSIGNAL);
        if (sent < 0 && (errno == EAGAIN || errno == ENOTCONN)) break;
        if (sent < 0) {
            close_connection(connection, false);
            return;
        }
        done += (size_t)sent;
    }
    if (done) keep_from(out, done);
    bool wants_write = out->length > 0;
    if (wants_write != connection->wants_write) {
        connection->wants_write = wants_write;
        watch(EPOLL_CTL_MOD, connection->fd, EPOLLIN | (wants_write ? EPOLLOUT : 0), connection);
    }
}

void put(Connection *connection, const char *bytes, size_t length) {
    append(&connection->out, bytes, length);
    if (!connection->wants_write) flush(connection);
}

static void read_some(Connection *connection) {
    Buffer *in = &connection->in;
    size_t length = in->length;
    if (length) memcpy(chunk, in->bytes, length);
    ssize_t got = recv(connection->fd, chunk + length, sizeof chunk - length, 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
        close_connection(connection, false);
        return;
    }
    length += (size_t)got;
    size_t taken = 0;
    if (connection->state == TICKET) {
        if (take_http(connection, chunk, length)) go_on_with_ticket(connection);
        else if (connection->state != CLOSED) append(in, chunk + in->length, (size_t)got);
        return;
    }
    if (connection->state == HANDSHAKE) taken = take_http(connection, chunk, length);
    if (connection->state >= OPENING) taken += take_frames(connection, chunk + taken, length - taken);
    if (connection->state == CLOSED) return;
    in->length = 0;
    if (taken < length) append(in, chunk + taken, length - taken);
    else release(in);
}

/* Wait for sockets until a moment, and serve those that have something. */
void turn(int64_t until) {
    struct epoll_event events[256];
    int64_t rest = until - now_ns();
    if (rest < 0) rest = 0;
    struct timespec timeout = {.tv_sec = rest / 1000000000, .tv_nsec = rest % 1000000000};
    int count = epoll_pwait2(poll_fd, events, 256, &timeout, NULL);
    for (int i = 0; i < count; i++) {
        Connection *connection = events[i].data.ptr;
        if (connection == NULL) {
            command_ready = true;
            continue;
        }
        if (connection->state != CLOSED && events[i].events & EPOLLOUT) flush(connection);
        if (connection->state != CLOSED && events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) read_some(connection);
    }
}
