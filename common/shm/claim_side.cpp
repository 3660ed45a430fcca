#include "common/shm/claim_side.hpp"
