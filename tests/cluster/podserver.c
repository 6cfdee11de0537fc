/* podserver: what runs in every test pod. Each port behaves in one way that a tunnel has to carry.
 *
 *     7  echo      sends back what it gets, until the client is done
 *     9  sink      reads until the client is done
 *    19  source    writes zeros until the client goes
 *    80  http      any request without a body: 200; body and X-Pod header name the pod; keeps the connection unless told otherwise
 *  2525  banner    speaks first ("220 POD ready"), then echoes
 *  7777  count     reads 8 bytes, a little-endian N, and N bytes more; answers "N\n"
 *
 * Listens on IPv4 and IPv6, a thread a connection. SIGTERM ends it at once. A static binary, so that its image needs
 * nothing else. Build: gcc -O2 -static -pthread -o podserver podserver.c
 */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CHUNK = 1 << 16, THREAD_STACK = 256 << 10, BACKLOG = 1024 };

static void echo(int client);
static void sink(int client);
static void source(int client);
static void http(int client);
static void banner(int client);
static void count(int client);

static const struct service {
    int port;
    void (*serve)(int client);
} services[] = {{7, echo}, {9, sink}, {19, source}, {80, http}, {2525, banner}, {7777, count}};

struct connection {
    int client;
    void (*serve)(int client);
};

static char pod[256]; /* a pod's host name is its name */

static ssize_t receive(int fd, void *into, size_t room) {
    ssize_t got;
    do got = read(fd, into, room);
    while (got < 0 && errno == EINTR);
    return got;
}

/* Writes all of it; false when the client is gone. */
static int send_all(int fd, const void *data, size_t size) {
    const char *at = data;
    while (size > 0) {
        ssize_t sent = write(fd, at, size);
        if (sent < 0 && errno == EINTR) continue;
        if (sent <= 0) return 0;
        at += sent;
        size -= sent;
    }
    return 1;
}

static void echo(int client) {
    char data[CHUNK];
    ssize_t got;
    while ((got = receive(client, data, sizeof data)) > 0 && send_all(client, data, got)) {}
}

static void sink(int client) {
    char data[CHUNK];
    while (receive(client, data, sizeof data) > 0) {}
}

static void source(int client) {
    static const char zeros[CHUNK];
    while (send_all(client, zeros, sizeof zeros)) {}
}

static void banner(int client) {
    char line[300];
    int size = snprintf(line, sizeof line, "220 %s ready\r\n", pod);
    if (send_all(client, line, size)) echo(client);
}

static void count(int client) {
    char data[CHUNK];
    uint64_t announced, got = 0;
    for (size_t have = 0; have < sizeof announced;) {
        ssize_t part = receive(client, (char *)&announced + have, sizeof announced - have);
        if (part <= 0) return;
        have += part;
    }
    while (got < announced) {
        uint64_t left = announced - got;
        ssize_t part = receive(client, data, left < sizeof data ? left : sizeof data);
        if (part <= 0) return;
        got += part;
    }
    send_all(client, data, snprintf(data, sizeof data, "%llu\n", (unsigned long long)got));
}

static void http(int client) {
    char request[CHUNK], reply[1024];
    size_t have = 0;
    ssize_t part;
    while ((part = receive(client, request + have, sizeof request - 1 - have)) > 0) {
        have += part;
        request[have] = 0;
        /* Requests may come in pieces, or several in one. */
        for (char *end; (end = strstr(request, "\r\n\r\n"));) {
            end[2] = 0; /* the search below ends with this request's last header */
            int last = strcasestr(request, "\r\nconnection: close\r\n") != NULL;
            int size = snprintf(reply, sizeof reply,
                                "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-Pod: %s\r\nContent-Length: %zu\r\n%s\r\n%s\n",
                                pod, strlen(pod) + 1, last ? "Connection: close\r\n" : "", pod);
            if (!send_all(client, reply, size) || last) return;
            size_t used = end + 4 - request;
            memmove(request, end + 4, have - used + 1);
            have -= used;
        }
    }
}

static void *run(void *arg) {
    struct connection connection = *(struct connection *)arg;
    int on = 1;
    free(arg);
    setsockopt(connection.client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    connection.serve(connection.client);
    close(connection.client);
    return NULL;
}

static void *listen_for(void *arg) {
    const struct service *service = arg;
    struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons(service->port)};
    int listener = socket(AF_INET6, SOCK_STREAM, 0), on = 1, off = 0;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    if (bind(listener, (struct sockaddr *)&any, sizeof any) || listen(listener, BACKLOG)) {
        fprintf(stderr, "podserver: cannot listen on port %d: %s\n", service->port, strerror(errno));
        exit(1);
    }
    pthread_attr_t detached;
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&detached, THREAD_STACK);
    for (;;) {
        int client = accept(listener, NULL, NULL);
        if (client < 0) continue;
        struct connection *connection = malloc(sizeof *connection);
        pthread_t thread;
        if (connection) *connection = (struct connection){client, service->serve};
        if (!connection || pthread_create(&thread, &detached, run, connection)) {
            free(connection);
            close(client);
        }
    }
}

static void end(int signal) {
    _exit(128 + signal); /* as without a handler; with 0, a Job whose pod is deleted would count as done */
}

int main(void) {
    signal(SIGPIPE, SIG_IGN);
    signal(SIGTERM, end); /* process 1 of a container ignores what it does not handle */
    gethostname(pod, sizeof pod - 1);
    for (size_t i = 0; i < sizeof services / sizeof *services; i++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, listen_for, (void *)&services[i])) return 1;
    }
    for (;;) pause();
}
