#include "common/socket.hpp"
