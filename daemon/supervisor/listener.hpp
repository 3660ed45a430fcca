// The listening socket: taken from systemd, or bound to a path of the daemon's own. jobpoold.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "common/result.hpp"
#include "common/unique_fd.hpp"
#include "daemon/supervisor/resume_record.hpp"

namespace jobpool::supervisor {

class Listener {
 public:
  // Binds `path`, mode 0600, its directory made if missing; with a group, mode 0660 and the group's. A socket file that nobody answers on
  // is removed first. Errors: invalid_argument (too long), already_exists (somebody answers there, or it is no socket), permission_denied
  // (others could put their own socket there, or the group is none of the daemon's user), io.
  static Result<Listener> bind(const std::string& path, std::optional<gid_t> access_group = {});

  // systemd's socket activation: the descriptors named "varlink" in $LISTEN_FDNAMES, or the only one there is.
  // Nothing: not started that way. Errors: invalid_argument: descriptors that are no listening Unix sockets.
  static Result<std::optional<Listener>> from_environment();

  // At a reload: what remember() said. Requires: its descriptors are open.
  static Listener take_over(std::string path, const ListenerRecord& record, std::optional<gid_t> access_group = {});
  ListenerRecord remember() const;

  const std::string& path() const { return path_; }
  bool is_activated() const { return activated_; }
  std::vector<int> fds() const;

  // Whether the file at path() is the one that was bound. Always true when activated: the file is systemd's affair.
  bool is_in_place() const;

  // Binds a new socket to the same path, which must have vanished. Errors: as bind; already_exists: something else is there. That its group
  // cannot have it is no error here, and said in the log.
  Result<void> bind_again();

  // Gives the file to the group, or takes it back; nothing when activated. Errors: permission_denied, io.
  Result<void> set_access() const;

  // Removes the file if it is still ours.
  void remove() const;

 private:
  Listener(std::string path, bool activated, std::optional<gid_t> access_group);

  Result<void> place();

  std::string path_;
  bool activated_;
  std::optional<gid_t> access_group_;
  std::vector<UniqueFd> sockets_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace jobpool::supervisor
