// Writing and reading, word by word.
#include "daemon/supervisor/resume_record.hpp"

#include <iomanip>
#include <sstream>

namespace jobpool::supervisor {
namespace {

constexpr std::string_view kResumeMagic = "jobpool-resume";
constexpr int kVersion = 4, kOldestVersion = 2;
constexpr std::size_t kMaxItems = 1'000'000;  // far more descriptors than a process can have

class Writer {
 public:
  template <class T>
  Writer& operator<<(const T& value) {
    text_ << ' ' << value;
    return *this;
  }
  Writer& operator<<(const std::string& value) {
    text_ << ' ' << std::quoted(value);
    return *this;
  }
  template <class T>
  Writer& list(const std::vector<T>& values) {
    *this << values.size();
    for (const T& value : values) *this << value;
    return *this;
  }
  Writer& line(std::string_view name) {
    text_ << '\n' << name;
    return *this;
  }
  std::ostringstream& text() { return text_; }

 private:
  std::ostringstream text_;
};

class ResumeReader {
 public:
  explicit ResumeReader(std::string_view text) : text_(std::string(text)) {}

  bool line(std::string_view name) {
    std::string word;
    return text_ >> word && word == name;
  }
  template <class T>
  bool operator()(T& value) {
    return bool(text_ >> value);
  }
  bool operator()(std::string& value) { return bool(text_ >> std::quoted(value)); }
  template <class T>
  bool list(std::vector<T>& values) {
    std::size_t count = 0;
    if (!(*this)(count) || count > kMaxItems) return false;
    values.resize(count);
    for (T& value : values)
      if (!(*this)(value)) return false;
    return true;
  }
  template <class... T>
  bool all(T&... values) {
    return ((*this)(values) && ...);
  }

 private:
  std::istringstream text_;
};

void write(Writer& out, const WorkersRecord& record) {
  out.line("workers") << record.last.value << record.workers.size();
  for (const WorkerRecord& worker : record.workers) {
    out.line("worker") << worker.incarnation.value << worker.number.value << worker.pid << static_cast<int>(worker.state) << worker.code
                       << worker.value << worker.process << worker.liveness << worker.orders;
    for (const int fd : worker.segment) out << fd;
    out << worker.note;
  }
  out.line("spared").list(record.spared);
}

bool read(ResumeReader& in, WorkerRecord& worker) {
  int state = 0;
  if (!in.line("worker") || !in.all(worker.incarnation.value, worker.number.value, worker.pid, state, worker.code, worker.value,
                                    worker.process, worker.liveness, worker.orders))
    return false;
  if (state < 0 || state > static_cast<int>(WorkerRecord::State::buried)) return false;
  worker.state = static_cast<WorkerRecord::State>(state);
  for (int& fd : worker.segment)
    if (!in(fd)) return false;
  return in(worker.note);
}

bool read(ResumeReader& in, WorkersRecord& record) {
  std::size_t count = 0;
  if (!in.line("workers") || !in.all(record.last.value, count) || count > kMaxItems) return false;
  record.workers.resize(count);
  for (WorkerRecord& worker : record.workers)
    if (!read(in, worker)) return false;
  return in.line("spared") && in.list(record.spared);
}

bool read(ResumeReader& in, Settings& settings) {
  std::int64_t drain_seconds = 0;
  const bool good = in.line("settings") &&
                    in.all(settings.socket, settings.state_dir, settings.workers, settings.log_level, drain_seconds, settings.program_dir);
  settings.drain_time = std::chrono::seconds(drain_seconds);
  return good && in.list(settings.plugin_dirs);
}

bool read(ResumeReader& in, History& history, std::string& cgroup, int version) {
  if (!in.line("broker") || !in(history.broker_starts)) return false;
  if (version < 3) return true;
  return in.all(history.reloads, history.failed_reloads) && in.line("cgroup") && in(cgroup);
}

bool read(ResumeReader& in, ResumeRecord& record, int version) {
  Instance& instance = record.instance;
  ListenerRecord& listener = record.listener;
  return in.line("invocation") && in.all(record.invocation.directory, record.invocation.program, record.invocation.file_limit) &&
         read(in, record.settings) && in.line("instance") &&
         in.all(instance.id, instance.boot_id, instance.pid, instance.start_time, instance.since_usec) && in.line("listener") &&
         in.all(listener.activated, listener.device, listener.inode) && in.list(listener.sockets) && in.line("held") &&
         in.all(record.state_dir, record.state_lock, record.output_dir, record.ledger) &&
         read(in, record.history, instance.cgroup, version) && read(in, record.workers) && in.line("end");
}

}  // namespace

std::string to_text(const ResumeRecord& record) {
  const Settings& settings = record.settings;
  const Instance& instance = record.instance;
  const ListenerRecord& listener = record.listener;
  Writer out;
  out.text() << kResumeMagic << ' ' << kVersion << " layout " << record.segment_layout << " ledger " << shm::kLedgerVersion;
  out.line("invocation") << record.invocation.directory << record.invocation.program << record.invocation.file_limit;
  out.line("settings") << settings.socket << settings.state_dir << settings.workers << settings.log_level
                       << std::chrono::seconds(settings.drain_time).count() << settings.program_dir;
  out.list(settings.plugin_dirs);
  out.line("instance") << instance.id << instance.boot_id << instance.pid << instance.start_time << instance.since_usec;
  out.line("listener") << listener.activated << listener.device << listener.inode;
  out.list(listener.sockets);
  out.line("held") << record.state_dir << record.state_lock << record.output_dir << record.ledger;
  const History& history = record.history;
  out.line("broker") << history.broker_starts << history.reloads << history.failed_reloads;
  out.line("cgroup") << instance.cgroup;
  write(out, record.workers);
  out.line("end");
  out.text() << '\n';
  return out.text().str();
}

Result<ResumeRecord> resume_record_from(std::string_view text) {
  ResumeReader in(text);
  int version = 0;
  ResumeRecord record;
  if (!in.line(kResumeMagic) || !in(version) || !in.line("layout") || !in(record.segment_layout))
    return Error{Errc::protocol, "resume record: not one"};
  std::uint32_t ledger = record.segment_layout;
  if (version > 3 && (!in.line("ledger") || !in(ledger))) return Error{Errc::protocol, "resume record: no layout of the ledger"};
  if (ledger != shm::kLedgerVersion) {
    return Error{Errc::unsupported, "the running daemon's ledger has layout " + std::to_string(ledger) + ", this program's " +
                                        std::to_string(shm::kLedgerVersion) + "; let its jobs finish, then stop and start it"};
  }
  if (version < kOldestVersion || version > kVersion)
    return Error{Errc::unsupported, "resume record: version " + std::to_string(version) + "; stop and start instead"};
  if (!read(in, record, version)) return Error{Errc::protocol, "resume record: damaged"};
  return record;
}

bool needs_drain(const ResumeRecord& record) { return record.segment_layout != shm::kLayoutVersion && !record.workers.workers.empty(); }

std::vector<int> descriptors_of(const ResumeRecord& record) {
  std::vector<int> all{record.state_dir, record.state_lock, record.output_dir, record.ledger};
  all.insert(all.end(), record.listener.sockets.begin(), record.listener.sockets.end());
  for (const WorkerRecord& worker : record.workers.workers) {
    all.insert(all.end(), {worker.process, worker.liveness, worker.orders});
    all.insert(all.end(), worker.segment.begin(), worker.segment.end());
  }
  std::erase(all, -1);
  return all;
}

}  // namespace jobpool::supervisor
