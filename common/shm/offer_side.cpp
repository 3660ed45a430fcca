#include "common/shm/offer_side.hpp"
