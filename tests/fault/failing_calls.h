/* The page that a test shares with the programs under test, in which failing_calls.c looks whether the call at hand is to fail.
   C and C++; every field is read and written with the __atomic builtins. */
#pragma once

#include <stdint.h>

enum failing_program { IN_NONE, IN_SUPERVISOR, IN_BROKER, IN_WORKER };

enum failing_fault {
  NO_FAULT,
  NO_DESCRIPTOR, /* EMFILE, of what makes one */
  NO_MEMORY,     /* ENOMEM, of mappings, watches and new processes */
  INTERRUPTED,   /* EINTR, of reads, writes and waits */
  SHORT_COUNT    /* half of it is read or written */
};

struct failing_calls {
  uint32_t program, fault; /* the test's */
  int64_t wanted;          /* the test's; 1: the next such call fails */
  int64_t seen;            /* calls of that kind since, of all processes of that program */
  char last[32];           /* the name of the call that failed, for who looks for the reason */
};
