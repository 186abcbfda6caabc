/*
 * TCP and UDP between network namespaces, all attempts at once, by one process: in a guest a process is what takes the time.
 *
 *   serve NETNS PORT NAME                  listens on all addresses by both; says NAME, and whom it sees
 *   tcp|udp NETNS ADDRESS PORT MILLISECONDS [SOURCE]
 *                                          asks; prints what it was told, or `- ` and why not
 *
 * One of them a line of standard input; a line for each probe, in their order, when the last has ended.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MOST 2048
#define ANSWER 128
/* Milliseconds until a datagram is sent again. */
#define AGAIN 300

struct end {
    enum { LISTENER, RECEIVER, TCP, UDP } kind;
    char name[64];
    /* Of a probe: when it is given up, when it asks again, what it was told, why it failed. */
    long deadline, again;
    char answer[ANSWER];
    size_t told;
    const char *failure;
    int connected, ended;
};

static struct end ends[MOST];
static struct pollfd polled[MOST];
static int count;

static void die(const char *doing, const char *what)
{
    fprintf(stderr, "reach: %s %s: %s\n", doing, what, strerror(errno));
    exit(1);
}

static long now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/* Of a namespace. Sockets stay there when this process is in another one. */
static int socket_in(const char *netns, int family, int type)
{
    int fd = open(netns, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || setns(fd, CLONE_NEWNET) < 0)
        die("enter", netns);
    close(fd);
    fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        die("open a socket in", netns);
    return fd;
}

static struct end *add(int kind, int fd, short events)
{
    if (count == MOST)
        die("hold", "so many lines");
    polled[count] = (struct pollfd){ .fd = fd, .events = events };
    ends[count].kind = kind;
    return &ends[count++];
}

static void serve(const char *netns, int port, const char *name)
{
    struct sockaddr_in6 any = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
    int on = 1;
    for (int kind = LISTENER; kind <= RECEIVER; kind++) {
        int fd = socket_in(netns, AF_INET6, kind == LISTENER ? SOCK_STREAM : SOCK_DGRAM);
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on);
        if (bind(fd, (struct sockaddr *)&any, sizeof any) < 0 || (kind == LISTENER && listen(fd, MOST) < 0))
            die("listen for", name);
        snprintf(add(kind, fd, POLLIN)->name, sizeof ends->name, "%s", name);
    }
}

static void end(struct pollfd *at, struct end *probe, int error)
{
    close(at->fd);
    at->fd = -1;
    probe->ended = 1;
    if (error)
        probe->failure = strerrorname_np(error);
}

static socklen_t read_address(const char *text, int port, struct sockaddr_storage *to)
{
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)to;
    struct sockaddr_in *four = (struct sockaddr_in *)to;
    memset(to, 0, sizeof *to);
    if (inet_pton(AF_INET6, text, &six->sin6_addr) == 1) {
        six->sin6_family = AF_INET6;
        six->sin6_port = htons(port);
        return sizeof *six;
    }
    if (inet_pton(AF_INET, text, &four->sin_addr) != 1)
        die("read address", text);
    four->sin_family = AF_INET;
    four->sin_port = htons(port);
    return sizeof *four;
}

static void probe(int kind, const char *netns, const char *address, int port, int milliseconds, const char *source)
{
    struct sockaddr_storage to, from;
    socklen_t size = read_address(address, port, &to);
    int fd = socket_in(netns, to.ss_family, kind == TCP ? SOCK_STREAM : SOCK_DGRAM);
    if (source && bind(fd, (struct sockaddr *)&from, read_address(source, 0, &from)) < 0)
        die("bind to", source);
    struct end *made = add(kind, fd, kind == TCP ? POLLOUT : POLLIN);
    made->deadline = now() + milliseconds;
    if (connect(fd, (struct sockaddr *)&to, size) < 0 && errno != EINPROGRESS)
        end(&polled[count - 1], made, errno);
}

static int words(char *into, const char *name, const struct sockaddr_in6 *peer)
{
    char text[INET6_ADDRSTRLEN];
    inet_ntop(AF_INET6, &peer->sin6_addr, text, sizeof text);
    return snprintf(into, ANSWER, "%s %s", name, strncmp(text, "::ffff:", 7) ? text : text + 7);
}

static void answer(int listener, const char *name)
{
    struct sockaddr_in6 peer;
    socklen_t size = sizeof peer;
    char told[ANSWER];
    int fd = accept4(listener, (struct sockaddr *)&peer, &size, SOCK_CLOEXEC);
    if (fd < 0)
        return;
    if (write(fd, told, words(told, name, &peer)) < 0)
        perror("reach: answer");
    close(fd);
}

/* By the address that was asked: the one that routes would choose may be another. */
static void answer_datagram(int fd, const char *name)
{
    struct sockaddr_in6 peer;
    char told[ANSWER];
    union { struct cmsghdr header; char bytes[CMSG_SPACE(sizeof(struct in6_pktinfo))]; } control;
    struct iovec part = { told, sizeof told };
    struct msghdr message = { &peer, sizeof peer, &part, 1, &control, sizeof control, 0 };
    if (recvmsg(fd, &message, 0) < 0)
        return;
    struct cmsghdr *first = CMSG_FIRSTHDR(&message);
    if (first && first->cmsg_type == IPV6_PKTINFO)
        ((struct in6_pktinfo *)CMSG_DATA(first))->ipi6_ifindex = 0;
    part.iov_len = words(told, name, &peer);
    if (sendmsg(fd, &message, 0) < 0)
        perror("reach: answer");
}

static void listen_to(struct pollfd *at, struct end *probe)
{
    int error = 0;
    socklen_t size = sizeof error;
    if (probe->kind == TCP && !probe->connected) {
        getsockopt(at->fd, SOL_SOCKET, SO_ERROR, &error, &size);
        if (error) {
            end(at, probe, error);
            return;
        }
        probe->connected = 1;
        at->events = POLLIN;
        return;
    }
    ssize_t got = read(at->fd, probe->answer + probe->told, ANSWER - 1 - probe->told);
    if (got > 0 && probe->kind == UDP)
        end(at, probe, 0);
    else if (got > 0)
        probe->told += got;
    else if (got == 0)
        end(at, probe, probe->told ? 0 : ENODATA);
    else if (errno != EAGAIN)
        end(at, probe, errno);
}

static long patience(void)
{
    long left = -1;
    for (int i = 0; i < count; i++) {
        if (ends[i].kind < TCP || ends[i].ended)
            continue;
        long remains = ends[i].deadline - now();
        if (remains <= 0) {
            end(&polled[i], &ends[i], ETIMEDOUT);
            continue;
        }
        if (ends[i].kind == UDP) {
            if (now() >= ends[i].again) {
                ends[i].again = now() + AGAIN;
                /* Whatever becomes of it: until the deadline there is another one. */
                (void)!write(polled[i].fd, "?", 1);
            }
            if (ends[i].again - now() < remains)
                remains = ends[i].again - now();
        }
        if (left < 0 || remains < left)
            left = remains < 0 ? 0 : remains;
    }
    return left;
}

static void read_lines(void)
{
    char line[512], netns[256], word[64], source[64], protocol[4];
    int port, milliseconds;
    while (fgets(line, sizeof line, stdin)) {
        if (sscanf(line, "serve %255s %d %63s", netns, &port, word) == 3)
            serve(netns, port, word);
        else {
            int read = sscanf(line, "%3s %255s %63s %d %d %63s", protocol, netns, word, &port, &milliseconds, source);
            errno = EINVAL;
            if (read < 5)
                die("read", line);
            probe(strcmp(protocol, "udp") ? TCP : UDP, netns, word, port, milliseconds, read == 6 ? source : NULL);
        }
    }
}

int main(void)
{
    read_lines();
    for (long left; (left = patience()) >= 0;) {
        poll(polled, count, left);
        for (int i = 0; i < count; i++) {
            if (polled[i].fd < 0 || !polled[i].revents)
                continue;
            if (ends[i].kind == LISTENER)
                answer(polled[i].fd, ends[i].name);
            else if (ends[i].kind == RECEIVER)
                answer_datagram(polled[i].fd, ends[i].name);
            else
                listen_to(&polled[i], &ends[i]);
        }
    }
    for (int i = 0; i < count; i++)
        if (ends[i].kind >= TCP)
            printf("%s%s\n", ends[i].failure ? "- " : "", ends[i].failure ? ends[i].failure : ends[i].answer);
    return 0;
}
