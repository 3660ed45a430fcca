/* Preloaded into a worker: as long as the file $FULL_DISK_WHILE exists, its disk is full. For tests of jobpool copy on machines where
   nothing can be mounted. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int is_full(void) {
  const char* path = getenv("FULL_DISK_WHILE");
  if (path == NULL || strcmp(program_invocation_short_name, "jobpool-worker") != 0 || access(path, F_OK) != 0) return 0;
  errno = ENOSPC;
  return 1;
}

ssize_t pwrite(int fd, const void* bytes, size_t size, off_t at) {
  static ssize_t (*real)(int, const void*, size_t, off_t);
  if (real == NULL) *(void**)&real = dlsym(RTLD_NEXT, "pwrite");
  return is_full() ? -1 : real(fd, bytes, size, at);
}

ssize_t copy_file_range(int from, off64_t* read_at, int to, off64_t* write_at, size_t size, unsigned flags) {
  static ssize_t (*real)(int, off64_t*, int, off64_t*, size_t, unsigned);
  if (real == NULL) *(void**)&real = dlsym(RTLD_NEXT, "copy_file_range");
  return is_full() ? -1 : real(from, read_at, to, write_at, size, flags);
}
