#include "common/control/message.hpp"
