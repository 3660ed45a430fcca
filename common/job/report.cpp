#include "common/job/report.hpp"
