/* Preloaded into the programs under test: the calls by which they ask the kernel for something, one of which fails when the shared page
   says so (failing_calls.h; $JOBPOOL_FAILING_CALLS is its path). Only calls through the linker's table are seen: not those that the C
   library makes itself (malloc, fopen, readdir, dlopen), nor system calls in line. */
#define _GNU_SOURCE
#include "tests/fault/failing_calls.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

/* The formatter never comes to rest with this one. */
// clang-format off
#define CALLS(X) \
  X(open) X(open64) X(openat) X(socket) X(socketpair) X(accept4) X(memfd_create) X(eventfd) X(timerfd_create) \
  X(signalfd) X(epoll_create1) X(pipe) X(fcntl) X(mmap) X(mmap64) X(posix_spawn) X(epoll_ctl) X(syscall) \
  X(read) X(write) X(pread) X(pread64) X(pwrite) X(pwrite64) X(recv) X(send) X(sendto) X(recvmsg) X(sendmsg) \
  X(poll) X(ppoll) X(epoll_wait)
// clang-format on

#define POINTER(name) __typeof__(&name) name;
static struct { CALLS(POINTER) } real;

static struct failing_calls* page;
static uint32_t own_program;

static uint32_t program_of_this_process(void) {
  if (strcmp(program_invocation_short_name, "jobpoold") == 0) return IN_SUPERVISOR;
  if (strcmp(program_invocation_short_name, "jobpool-broker") == 0) return IN_BROKER;
  if (strcmp(program_invocation_short_name, "jobpool-worker") == 0) return IN_WORKER;
  return IN_NONE;
}

__attribute__((constructor)) static void prepare(void) {
  if (real.open != NULL) return;
#define RESOLVE(name) *(void**)&real.name = dlsym(RTLD_NEXT, #name);
  CALLS(RESOLVE)
  own_program = program_of_this_process();
  const char* path = getenv("JOBPOOL_FAILING_CALLS");
  const int file = path == NULL ? -1 : real.open(path, O_RDWR | O_CLOEXEC);
  if (file < 0) return;
  void* mapped = real.mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  if (mapped != MAP_FAILED) page = mapped;
}

/* Whether it is this call's turn to fail. Callable between clone and exec: it locks nothing. */
static int is_struck_in(const char* call, enum failing_fault fault) {
  prepare(); /* other libraries' constructors may come before ours */
  if (page == NULL || __atomic_load_n(&page->fault, __ATOMIC_ACQUIRE) != (uint32_t)fault) return 0;
  if (__atomic_load_n(&page->program, __ATOMIC_ACQUIRE) != own_program) return 0;
  if (__atomic_add_fetch(&page->seen, 1, __ATOMIC_ACQ_REL) != __atomic_load_n(&page->wanted, __ATOMIC_ACQUIRE)) return 0;
  strncpy(page->last, call, sizeof page->last - 1);
  return 1;
}
#define is_struck(fault) is_struck_in(__func__, fault)

static int fails_in(const char* call, enum failing_fault fault, int error) {
  if (!is_struck_in(call, fault)) return 0;
  errno = error;
  return 1;
}
#define fails_with(fault, error) fails_in(__func__, fault, error)

/* How much of `size` bytes is to go through: only of what the kernel itself may cut short. */
static size_t cut(int fd, size_t size) {
  if (size < 2 || page == NULL || __atomic_load_n(&page->fault, __ATOMIC_ACQUIRE) != SHORT_COUNT) return size;
  struct stat status;
  int type = 0;
  socklen_t length = sizeof type;
  if (fstat(fd, &status) != 0) return size;
  const int is_stream = getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) == 0 && type == SOCK_STREAM;
  if (!S_ISREG(status.st_mode) && !is_stream) return size;
  return is_struck(SHORT_COUNT) ? size / 2 : size;
}

/* ---- what makes a descriptor */

#define MODE_OF(flags)                   \
  mode_t mode = 0;                       \
  if (flags & (O_CREAT | __O_TMPFILE)) { \
    va_list list;                        \
    va_start(list, flags);               \
    mode = va_arg(list, mode_t);         \
    va_end(list);                        \
  }

int open(const char* path, int flags, ...) {
  MODE_OF(flags)
  return fails_with(NO_DESCRIPTOR, EMFILE) ? -1 : real.open(path, flags, mode);
}
int open64(const char* path, int flags, ...) {
  MODE_OF(flags)
  return fails_with(NO_DESCRIPTOR, EMFILE) ? -1 : real.open64(path, flags, mode);
}
int openat(int folder, const char* path, int flags, ...) {
  MODE_OF(flags)
  return fails_with(NO_DESCRIPTOR, EMFILE) ? -1 : real.openat(folder, path, flags, mode);
}
int socket(int domain, int type, int protocol) { return fails_with(NO_DESCRIPTOR, EMFILE) ? -1 : real.socket(domain, type, protocol); }
int socketpair(int domain, int type, int protocol, int pair[2]) {
  return fails_with(NO_DESCRIPTOR, EMFILE) ? -1 : real.socketpair(domain, type, protocol, pair);
}
int accept4(int fd, struct sockaddr* address, socklen_t* length, int flags) {
  if (fails_with(NO_DESCRIPTOR, EMFILE) || fails_with(INTERRUPTED, EINTR)) return -1;
  return real.accept4(fd, address, length, flags);
}
int memfd_create(const char* name, unsigned flags) { return fails_with(NO_DESCRIPTOR, EMFILE) ? -1 : real.memfd_create(name, flags); }
int eventfd(unsigned value, int flags) { return fails_with(NO_DESCRIPTOR, EMFILE) ? -1 : real.eventfd(value, flags); }
int timerfd_create(int clock, int flags) { return fails_with(NO_DESCRIPTOR, EMFILE) ? -1 : real.timerfd_create(clock, flags); }
int signalfd(int fd, const sigset_t* mask, int flags) {
  return fd < 0 && fails_with(NO_DESCRIPTOR, EMFILE) ? -1 : real.signalfd(fd, mask, flags);
}
int epoll_create1(int flags) { return fails_with(NO_DESCRIPTOR, EMFILE) ? -1 : real.epoll_create1(flags); }
int pipe(int ends[2]) { return fails_with(NO_DESCRIPTOR, EMFILE) ? -1 : real.pipe(ends); }
int fcntl(int fd, int command, ...) {
  va_list list;
  va_start(list, command);
  void* argument = va_arg(list, void*);
  va_end(list);
  if (command == F_DUPFD_CLOEXEC && fails_with(NO_DESCRIPTOR, EMFILE)) return -1;
  return real.fcntl(fd, command, argument);
}

/* ---- what needs memory */

void* mmap(void* address, size_t length, int protection, int flags, int fd, off_t offset) {
  return fails_with(NO_MEMORY, ENOMEM) ? MAP_FAILED : real.mmap(address, length, protection, flags, fd, offset);
}
void* mmap64(void* address, size_t length, int protection, int flags, int fd, off64_t offset) {
  return fails_with(NO_MEMORY, ENOMEM) ? MAP_FAILED : real.mmap64(address, length, protection, flags, fd, offset);
}
int posix_spawn(pid_t* pid, const char* path, const posix_spawn_file_actions_t* actions, const posix_spawnattr_t* attributes,
                char* const argv[], char* const environment[]) {
  return is_struck(NO_MEMORY) ? ENOMEM : real.posix_spawn(pid, path, actions, attributes, argv, environment);
}
int epoll_ctl(int epoll, int operation, int fd, struct epoll_event* event) {
  return operation == EPOLL_CTL_ADD && fails_with(NO_MEMORY, ENOMEM) ? -1 : real.epoll_ctl(epoll, operation, fd, event);
}

/* ---- what may be interrupted, and cut short */

long syscall(long number, ...) {
  va_list list;
  va_start(list, number);
  long arguments[6];
  for (int i = 0; i < 6; ++i) arguments[i] = va_arg(list, long);
  va_end(list);
  if (number == SYS_pidfd_open && fails_with(NO_DESCRIPTOR, EMFILE)) return -1;
  if (number == SYS_futex && (arguments[1] & FUTEX_CMD_MASK) == FUTEX_WAIT && fails_with(INTERRUPTED, EINTR)) return -1;
  return real.syscall(number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]);
}

#define INTERRUPTIBLE(call) return fails_with(INTERRUPTED, EINTR) ? -1 : (call)

ssize_t read(int fd, void* bytes, size_t size) { INTERRUPTIBLE(real.read(fd, bytes, cut(fd, size))); }
ssize_t write(int fd, const void* bytes, size_t size) { INTERRUPTIBLE(real.write(fd, bytes, cut(fd, size))); }
ssize_t pread(int fd, void* bytes, size_t size, off_t at) { INTERRUPTIBLE(real.pread(fd, bytes, cut(fd, size), at)); }
ssize_t pread64(int fd, void* bytes, size_t size, off64_t at) { INTERRUPTIBLE(real.pread64(fd, bytes, cut(fd, size), at)); }
ssize_t pwrite(int fd, const void* bytes, size_t size, off_t at) { INTERRUPTIBLE(real.pwrite(fd, bytes, cut(fd, size), at)); }
ssize_t pwrite64(int fd, const void* bytes, size_t size, off64_t at) { INTERRUPTIBLE(real.pwrite64(fd, bytes, cut(fd, size), at)); }
ssize_t recv(int fd, void* bytes, size_t size, int flags) { INTERRUPTIBLE(real.recv(fd, bytes, cut(fd, size), flags)); }
ssize_t send(int fd, const void* bytes, size_t size, int flags) { INTERRUPTIBLE(real.send(fd, bytes, cut(fd, size), flags)); }
ssize_t sendto(int fd, const void* bytes, size_t size, int flags, const struct sockaddr* to, socklen_t length) {
  INTERRUPTIBLE(real.sendto(fd, bytes, size, flags, to, length));
}
ssize_t recvmsg(int fd, struct msghdr* message, int flags) {
  if (fails_with(INTERRUPTED, EINTR)) return -1;
  if (message->msg_iovlen == 0) return real.recvmsg(fd, message, flags);
  struct iovec piece = {message->msg_iov[0].iov_base, cut(fd, message->msg_iov[0].iov_len)};
  if (piece.iov_len == message->msg_iov[0].iov_len) return real.recvmsg(fd, message, flags);
  struct msghdr shortened = *message;
  shortened.msg_iov = &piece;
  shortened.msg_iovlen = 1;
  const ssize_t count = real.recvmsg(fd, &shortened, flags);
  message->msg_namelen = shortened.msg_namelen;
  message->msg_controllen = shortened.msg_controllen;
  message->msg_flags = shortened.msg_flags;
  return count;
}
ssize_t sendmsg(int fd, const struct msghdr* message, int flags) {
  if (fails_with(INTERRUPTED, EINTR)) return -1;
  if (message->msg_iovlen == 0) return real.sendmsg(fd, message, flags);
  struct iovec piece = {message->msg_iov[0].iov_base, cut(fd, message->msg_iov[0].iov_len)};
  if (piece.iov_len == message->msg_iov[0].iov_len) return real.sendmsg(fd, message, flags);
  struct msghdr shortened = *message;
  shortened.msg_iov = &piece;
  shortened.msg_iovlen = 1;
  return real.sendmsg(fd, &shortened, flags);
}
int poll(struct pollfd* fds, nfds_t count, int timeout) { INTERRUPTIBLE(real.poll(fds, count, timeout)); }
int ppoll(struct pollfd* fds, nfds_t count, const struct timespec* timeout, const sigset_t* mask) {
  INTERRUPTIBLE(real.ppoll(fds, count, timeout, mask));
}
int epoll_wait(int epoll, struct epoll_event* events, int most, int timeout) {
  INTERRUPTIBLE(real.epoll_wait(epoll, events, most, timeout));
}
