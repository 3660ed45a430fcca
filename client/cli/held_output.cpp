// See held_output.hpp.
#include "client/cli/held_output.hpp"

#include <utility>

#include "client/cli/tell.hpp"

namespace jobpool::cli {

HeldOutput OutputHolder::hold(JobId id, proto::Output& output, OutputStream stream) {
  HeldOutput held;
  held.size = output.bytes.size();
  std::string bytes = std::exchange(output.bytes, {});
  if (output.truncated) {
    Result<JobOutput> opened = open_job_output(connections_, id, stream);
    if (opened) {
      keep_file(held, std::move(opened->file));
      return held;
    }
    held.cut = opened.error();
  }
  keep_bytes(held, std::move(bytes));
  return held;
}

// Where the spool has no room or no folder: more memory, or more descriptors, than was meant, rather than an output lost that is in hand.
void OutputHolder::keep_bytes(HeldOutput& held, std::string bytes) {
  if (bytes_.fetch_add(bytes.size()) + bytes.size() > kMostInMemory && !bytes.empty()) {
    bytes_ -= bytes.size();
    if (const Result<OutputSpool::Range> range = spool_.add(bytes)) {
      held.spooled = *range;
      return;
    }
    bytes_ += bytes.size();
  }
  held.bytes = std::move(bytes);
}

void OutputHolder::keep_file(HeldOutput& held, UniqueFd file) {
  if (files_.fetch_add(1) >= kMostFiles) {
    if (const Result<OutputSpool::Range> range = spool_.copy(file.get())) {
      --files_;
      held.spooled = *range;
      return;
    }
  }
  held.file = std::move(file);
}

void OutputHolder::release(HeldOutput& held) {
  if (held.spooled) spool_.release(*std::exchange(held.spooled, std::nullopt));
  if (held.file) --files_;
  held.file.reset();
  bytes_ -= held.bytes.size();
  held.bytes.clear();
}

Result<void> OutputHolder::write(HeldOutput& held, int to) {
  off_t offset = 0;
  const auto written = held.spooled ? spool_.write(*held.spooled, to)
                       : held.file  ? copy_output(held.file.get(), offset, to)
                                    : write_all(to, held.bytes);
  release(held);
  return written;
}

Result<std::string> OutputHolder::read(HeldOutput& held) {
  std::string text = held.bytes;
  const auto done = held.spooled ? spool_.append_to(text, *held.spooled) : held.file ? read_output(held.file.get(), text) : Result<void>{};
  release(held);
  if (!done) return done.error();
  return text;
}

}  // namespace jobpool::cli
