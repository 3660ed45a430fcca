// systemd's journal, spoken to by its native protocol (https://systemd.io/JOURNAL_NATIVE_PROTOCOL): a datagram is an entry, a line of it a
// field. By hand, since it is thirty lines and spares the programs a library; messages are cut at 4 KiB, as lines of the log are, so that
// an entry always fits a datagram, and the memfd that the protocol has for larger ones is not needed. The log only.
#pragma once

#include <string>
#include <string_view>

#include "common/log.hpp"
#include "common/result.hpp"
#include "common/unique_fd.hpp"

namespace jobpool {

// `stream` is $JOURNAL_STREAM, "device:inode": systemd connected that to the journal. Somebody may have redirected `fd` since.
bool is_journal_stream(std::string_view stream, int fd);

// Errors: io. Never blocks.
Result<UniqueFd> connect_journal(const char* path);

// Requires: `message` and what it is about have no line feeds (log::escaped).
std::string journal_entry(std::string_view program, int priority, std::string_view message, const log::About* about);

// False: it was not taken; journald is gone, or behind.
bool send_to_journal(int journal, std::string_view entry);

}  // namespace jobpool
