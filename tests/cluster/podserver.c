/* podserver: what runs in every test pod. Each port behaves in one way that a tunnel has to carry.
 *
 *     6  deaf      neither reads nor writes, until the client has gone
 *     7  echo      sends back what it gets, until the client is done
 *     9  sink      reads until the client is done
 *    11  users     answers "N\n", the number of connections that are open beside this one
 *    19  source    writes zeros until the client goes
 *    80  http      any request without a body: 200; body and X-Pod header name the pod; keeps the connection unless told otherwise.
 *                  /once/N is carried out once N is noted (below) at the address in NOTES_AT, and answered after that
 *    86  exit      ends the process, so that the container is restarted
 *   100  tenfold   reads "abc", then sends 100 times "x" in ten pieces, and ends
 *   101  unasked   as tenfold, but asks for nothing first
 *  1900  noise     reads 8 bytes, a little-endian N; answers N bytes of noise (below) of the seed N, and ends
 *  1901  reset     as noise; then reads one byte more and resets the connection
 *  2525  banner    speaks first ("220 POD ready"), then echoes
 *  4711  note      reads 8 bytes, a little-endian N below 2^20; answers "C\n", how often N was noted here, this time included
 *  4712  noted     answers "N C\n" for every N that was noted here
 *  7777  count     reads 8 bytes, a little-endian N, and N bytes more; answers "N\n"
 *  7778  slow      as count, and the bytes have to be noise of the seed N; the first of them are read with pauses
 *
 * Listens on IPv4 and IPv6, or on one address only with LISTEN_ON=ADDRESS in the environment; a thread a connection. SIGTERM ends it at once; with SERVE_ON=MILLISECONDS in the environment it
 * serves on for so long, and ends when no request is being answered any more. A static binary, so that its image needs
 * nothing else. Build: gcc -O2 -static -pthread -o podserver podserver.c
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CHUNK = 1 << 16, THREAD_STACK = 256 << 10, BACKLOG = 1024, NOTES = 1 << 20, NOTE_PORT = 4711 };

static void deaf(int client);
static void echo(int client);
static void sink(int client);
static void users(int client);
static void source(int client);
static void http(int client);
static void leave(int client);
static void tenfold(int client);
static void unasked(int client);
static void noise(int client);
static void reset(int client);
static void banner(int client);
static void note(int client);
static void noted(int client);
static void count(int client);
static void slow(int client);

static const struct service {
    int port;
    void (*serve)(int client);
} services[] = {
    {6, deaf},      {7, echo},      {9, sink},      {11, users},    {19, source},   {80, http},   {86, leave},
    {100, tenfold}, {101, unasked}, {1900, noise},  {1901, reset},  {2525, banner}, {4711, note}, {4712, noted},
    {7777, count},  {7778, slow},
};

struct connection {
    int client;
    void (*serve)(int client);
};

static char pod[256]; /* a pod's host name is its name */
static atomic_int open_connections, requests_in_work;
static atomic_uint notes[NOTES];

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

/* Reads as many bytes; false when the client was done before. */
static int receive_all(int fd, void *into, size_t size) {
    char *at = into;
    while (size > 0) {
        ssize_t got = receive(fd, at, size);
        if (got <= 0) return 0;
        at += got;
        size -= got;
    }
    return 1;
}

/* The tests know the same noise: SplitMix64, little-endian. */
static uint64_t next_noise(uint64_t *state) {
    uint64_t mixed = *state += 0x9e3779b97f4a7c15;
    mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111eb;
    return mixed ^ mixed >> 31;
}

static void fill_noise(uint64_t *state, uint64_t *words, size_t count) {
    for (size_t i = 0; i < count; i++) words[i] = next_noise(state);
}

/* Whether anything is read tells nothing of the client here; that its end has come does. */
static void deaf(int client) {
    struct pollfd end = {.fd = client, .events = POLLRDHUP};
    while (poll(&end, 1, -1) < 0 && errno == EINTR) {}
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

static void users(int client) {
    char line[32];
    send_all(client, line, snprintf(line, sizeof line, "%d\n", atomic_load(&open_connections) - 1));
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

static void note(int client) {
    uint64_t number;
    char line[32];
    if (!receive_all(client, &number, sizeof number) || number >= NOTES) return;
    send_all(client, line, snprintf(line, sizeof line, "%u\n", atomic_fetch_add(&notes[number], 1) + 1));
}

static void noted(int client) {
    char line[64];
    for (int number = 0; number < NOTES; number++) {
        unsigned times = atomic_load(&notes[number]);
        if (times && !send_all(client, line, snprintf(line, sizeof line, "%d %u\n", number, times))) return;
    }
}

/* Has the number noted in the pod that NOTES_AT names; whether that is done. */
static int note_elsewhere(uint64_t number) {
    struct sockaddr_in there = {.sin_family = AF_INET, .sin_port = htons(NOTE_PORT)};
    const char *address = getenv("NOTES_AT");
    char answer;
    if (!address || inet_pton(AF_INET, address, &there.sin_addr) != 1) return 0;
    int notebook = socket(AF_INET, SOCK_STREAM, 0);
    int done = connect(notebook, (struct sockaddr *)&there, sizeof there) == 0 &&
               send_all(notebook, &number, sizeof number) && receive_all(notebook, &answer, 1);
    close(notebook);
    return done;
}

static void count(int client) {
    char data[CHUNK];
    uint64_t announced, got = 0;
    if (!receive_all(client, &announced, sizeof announced)) return;
    while (got < announced) {
        uint64_t left = announced - got;
        ssize_t part = receive(client, data, left < sizeof data ? left : sizeof data);
        if (part <= 0) return;
        got += part;
    }
    send_all(client, data, snprintf(data, sizeof data, "%llu\n", (unsigned long long)got));
}

static void slow(int client) {
    enum { PAUSES = 20, PAUSE = 100000, LONG_PAUSE = 1000000 }; /* microseconds */
    uint64_t announced, state, came[CHUNK / 8], expected[CHUNK / 8];
    char answer[64];
    if (!receive_all(client, &announced, sizeof announced)) return;
    state = announced;
    for (uint64_t got = 0, piece = 0; got < announced; piece++) {
        size_t size = announced - got < CHUNK ? announced - got : CHUNK;
        /* First a trickle, then nothing for a while: whoever sends is far ahead by then. */
        if (piece <= PAUSES) usleep(piece < PAUSES ? PAUSE : LONG_PAUSE);
        if (!receive_all(client, came, size)) return;
        fill_noise(&state, expected, (size + 7) / 8);
        if (memcmp(came, expected, size)) {
            send_all(client, answer, snprintf(answer, sizeof answer, "wrong after %llu\n", (unsigned long long)got));
            return;
        }
        got += size;
    }
    send_all(client, answer, snprintf(answer, sizeof answer, "%llu\n", (unsigned long long)announced));
}

static int send_noise(int client) {
    uint64_t announced, state, data[CHUNK / 8];
    if (!receive_all(client, &announced, sizeof announced)) return 0;
    state = announced;
    for (uint64_t sent = 0; sent < announced;) {
        size_t size = announced - sent < CHUNK ? announced - sent : CHUNK;
        fill_noise(&state, data, CHUNK / 8);
        if (!send_all(client, data, size)) return 0;
        sent += size;
    }
    return 1;
}

static void noise(int client) { send_noise(client); }

static void reset(int client) {
    struct linger none = {.l_onoff = 1};
    char last;
    if (send_noise(client) && receive_all(client, &last, 1))
        setsockopt(client, SOL_SOCKET, SO_LINGER, &none, sizeof none); /* so that the close is a reset */
}

static void unasked(int client) {
    for (int piece = 0; piece < 10 && send_all(client, "xxxxxxxxxx", 10); piece++) usleep(100000);
}

static void tenfold(int client) {
    char asked[3];
    if (receive_all(client, asked, sizeof asked) && !memcmp(asked, "abc", sizeof asked)) unasked(client);
}

static void leave(int client) {
    (void)client;
    _exit(1);
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
            unsigned long long number;
            atomic_fetch_add(&requests_in_work, 1);
            int done = sscanf(request, "GET /once/%llu ", &number) != 1 || note_elsewhere(number);
            int size = snprintf(reply, sizeof reply,
                                "HTTP/1.1 %s\r\nContent-Type: text/plain\r\nX-Pod: %s\r\nContent-Length: %zu\r\n%s\r\n%s\n",
                                done ? "200 OK" : "503 Not Noted", pod, strlen(pod) + 1, last ? "Connection: close\r\n" : "", pod);
            int sent = send_all(client, reply, size);
            atomic_fetch_sub(&requests_in_work, 1);
            if (!sent || last) return;
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
    atomic_fetch_add(&open_connections, 1);
    connection.serve(connection.client);
    atomic_fetch_sub(&open_connections, 1);
    close(connection.client);
    return NULL;
}

static void *listen_for(void *arg) {
    const struct service *service = arg;
    struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons(service->port)};
    int listener = socket(AF_INET6, SOCK_STREAM, 0), on = 1, off = 0;
    const char *only = getenv("LISTEN_ON");
    char mapped[64];
    if (only) {
        /* An IPv4 address is written into an IPv6 one: the socket serves both. */
        snprintf(mapped, sizeof mapped, strchr(only, ':') ? "%s" : "::ffff:%s", only);
        if (inet_pton(AF_INET6, mapped, &any.sin6_addr) != 1) {
            fprintf(stderr, "podserver: LISTEN_ON=%s is no address\n", only);
            exit(1);
        }
    }
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

int main(void) {
    const char *serve_on = getenv("SERVE_ON");
    sigset_t told;
    int signal_number;
    signal(SIGPIPE, SIG_IGN);
    /* Process 1 of a container ignores what it does not handle. Every thread inherits that only this one is told. */
    sigemptyset(&told);
    sigaddset(&told, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &told, NULL);
    gethostname(pod, sizeof pod - 1);
    for (size_t i = 0; i < sizeof services / sizeof *services; i++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, listen_for, (void *)&services[i])) return 1;
    }
    sigwait(&told, &signal_number);
    if (serve_on) {
        usleep(1000 * atoi(serve_on));
        while (atomic_load(&requests_in_work) > 0) usleep(1000);
    }
    _exit(128 + signal_number); /* as without a handler; with 0, a Job whose pod is deleted would count as done */
}
