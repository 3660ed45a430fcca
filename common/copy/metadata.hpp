// What a file has beside its bytes: owner, mode, times (in nanoseconds) and extended attributes, ACLs among them. By descriptor, so that
// no name can be changed meanwhile. Client and worker, any thread.
#pragma once

#include <sys/stat.h>

#include <string>

#include "common/copy/file_error.hpp"

namespace jobpool::copy {

// What new files of a folder have got of it, and the source had not.
enum class InheritedAcl { none, remove };

// Whether a folder gives its new files an ACL, or another group than their maker's.
struct Inheritance {
  InheritedAcl acl = InheritedAcl::none;
  bool group = false;
};
Inheritance inheritance_of(int folder);

struct Kept {
  FileError error;               // a thing that must be kept and could not: of this name only, also where it is of no room (see below)
  bool attributes_lost = false;  // the target's file system has no such attributes
};

// ext4 says "no room" of attributes that are too long for ever; who took that for a full disk would wait for room for ever.
//
// Gives `to` what `source` (of stat `from`) has. Owners are kept where this process may give files away; without that, the set-user and
// set-group bits are dropped, as they would lend another user's rights. `source` may be -1: without extended attributes.
Kept keep_metadata(int source, const struct stat& from, int to, Inheritance inherited = {InheritedAcl::remove, true});

// The same for what cannot be opened without effects (links, FIFOs, devices): `name` in both folders.
Kept keep_metadata_at(int source_folder, const std::string& source_name, const struct stat& from, int target_folder,
                      const std::string& target_name);

// The same length and time: taken for the same file. A target's file system may keep less of a time than the source's does.
bool looks_the_same(const struct stat& source, const struct stat& target, int target_folder);
// Unchanged since `before`.
bool is_unchanged(const struct stat& before, const struct stat& after);

}  // namespace jobpool::copy
