#include "common/job/spec.hpp"
