#include "common/control/order.hpp"
