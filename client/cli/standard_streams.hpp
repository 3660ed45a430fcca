// Descriptors 0, 1 and 2 are taken before anything else is opened.
#pragma once

namespace jobpool::cli {

// Where one is closed (`jobpool status >&-`), the next file or connection would get its number, and results would be written into that.
// It is filled so that reading or writing it fails, as it would have. Call it first in main.
void occupy_standard_streams();

}  // namespace jobpool::cli
