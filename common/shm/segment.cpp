#include "common/shm/segment.hpp"
