// What stands on our stdin, for a job that does not get it. Looks only, and waits for nobody.
#pragma once

namespace jobpool::cli {

// There are bytes to read right now: in a pipe or a socket, or behind where a file is read. Of terminals and other devices (/dev/null),
// of descriptors that are closed or cannot be read: false.
bool has_unread_input(int fd);

}  // namespace jobpool::cli
