// A file that nobody sees before it is whole: without a name where the file system can do that (O_TMPFILE), so that a death leaves
// nothing, else under a temporary one. Worker process, any of its threads.
#pragma once

#include <string>

#include "common/copy/file_error.hpp"
#include "common/unique_fd.hpp"

namespace jobpool::worker {

enum class IfTaken { replace, refuse };

class NewFile {
 public:
  // `folder` must outlive it. `temporary` is a name that nobody else uses.
  NewFile(int folder, std::string temporary) : folder_(folder), temporary_(std::move(temporary)) {}
  // What was not published is gone.
  ~NewFile();
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  copy::FileError open();
  int fd() const { return file_.get(); }

  // Gives it its name, in place of what had it; or not, with EEXIST, where something has it.
  copy::FileError publish(const std::string& name, IfTaken if_taken);

 private:
  const int folder_;
  const std::string temporary_;
  UniqueFd file_;
  bool has_temporary_name_ = false;
};

}  // namespace jobpool::worker
