// What libjobpool.so shows of itself: what bears this word, and nothing else. A class whose members are not all inline, or that is thrown;
// a function that is not inline. tests/install/libjobpool.symbols lists it.
#pragma once

#define JOBPOOL_EXPORT __attribute__((visibility("default")))
