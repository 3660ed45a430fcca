/* Preloaded into the program that $FULL_DISK_PROGRAM names: as long as the file $FULL_DISK_WHILE exists, its disk is full. For tests on
   machines where nothing can be mounted. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int is_full(void) {
  const char *path = getenv("FULL_DISK_WHILE"), *program = getenv("FULL_DISK_PROGRAM");
  if (path == NULL || program == NULL || strcmp(program_invocation_short_name, program) != 0 || access(path, F_OK) != 0) return 0;
  errno = ENOSPC;
  return 1;
}

ssize_t pwrite(int fd, const void* bytes, size_t size, off_t at) {
  static ssize_t (*real)(int, const void*, size_t, off_t);
  if (real == NULL) *(void**)&real = dlsym(RTLD_NEXT, "pwrite");
  return is_full() ? -1 : real(fd, bytes, size, at);
}

ssize_t pwrite64(int fd, const void* bytes, size_t size, off64_t at) {
  static ssize_t (*real)(int, const void*, size_t, off64_t);
  if (real == NULL) *(void**)&real = dlsym(RTLD_NEXT, "pwrite64");
  return is_full() ? -1 : real(fd, bytes, size, at);
}

int fallocate(int fd, int mode, off_t at, off_t size) {
  static int (*real)(int, int, off_t, off_t);
  if (real == NULL) *(void**)&real = dlsym(RTLD_NEXT, "fallocate");
  return is_full() ? -1 : real(fd, mode, at, size);
}

ssize_t copy_file_range(int from, off64_t* read_at, int to, off64_t* write_at, size_t size, unsigned flags) {
  static ssize_t (*real)(int, off64_t*, int, off64_t*, size_t, unsigned);
  if (real == NULL) *(void**)&real = dlsym(RTLD_NEXT, "copy_file_range");
  return is_full() ? -1 : real(from, read_at, to, write_at, size, flags);
}
