// Families and their samples. See metrics_text.hpp.
#include "client/cli/metrics_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "client/cli/tell.hpp"
#include "common/outcome.hpp"
#include "proto/utf8.hpp"

namespace jobpool::cli {
namespace {

constexpr std::array<std::string_view, 9> kOwnLabels{"le", "pool", "state", "outcome", "queue", "part", "version", "side", "quantile"};

std::string label_value(std::string_view value) {
  std::string escaped;
  for (const char letter : value) {
    if (letter == '\\' || letter == '"') escaped += '\\';
    if (letter == '\n')
      escaped += "\\n";
    else
      escaped += letter;
  }
  return escaped;
}

std::string number_text(double number) {
  std::array<char, 32> text;
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), number);
  return std::string(text.data(), end);
}

std::string seconds_text(std::int64_t usec) { return number_text(static_cast<double>(usec) / 1e6); }

class Exposition {
 public:
  Exposition(const Labels& labels, MetricsFormat format) : common_(labels), format_(format) {}

  enum class Type { gauge, counter, histogram };
  // `unit`: empty, or what the name ends with.
  void family(std::string_view name, Type type, std::string_view unit, std::string_view help) {
    name_ = name;
    type_ = type;
    std::string of = name_;
    if (type == Type::counter && format_ == MetricsFormat::prometheus) of += "_total";
    out_.append("# TYPE ")
        .append(of)
        .append(type == Type::gauge     ? " gauge"
                : type == Type::counter ? " counter"
                                        : " histogram")
        .append("\n");
    if (!unit.empty() && format_ == MetricsFormat::openmetrics) out_.append("# UNIT ").append(of).append(" ").append(unit).append("\n");
    out_.append("# HELP ").append(of).append(" ").append(help).append("\n");
  }
  void sample(const Labels& labels, const std::string& value) { line(type_ == Type::counter ? "_total" : "", labels, value); }
  void sample(const Labels& labels, std::int64_t value) { sample(labels, std::to_string(value)); }

  // Requires: times has one count more than there are bounds.
  void histogram(const Labels& labels, const std::vector<std::int64_t>& bounds_usec, const proto::Times& times) {
    std::int64_t count = 0;
    for (std::size_t i = 0; i < times.counts.size(); ++i) {
      count += times.counts[i];
      Labels bucket = labels;
      bucket.emplace_back("le", i < bounds_usec.size() ? seconds_text(bounds_usec[i]) : "+Inf");
      line("_bucket", bucket, std::to_string(count));
    }
    line("_count", labels, std::to_string(count));
    line("_sum", labels, seconds_text(times.sum_usec));
  }

  std::string text() && {
    if (format_ == MetricsFormat::openmetrics) out_ += "# EOF\n";
    return std::move(out_);
  }

 private:
  void line(std::string_view suffix, const Labels& labels, const std::string& value) {
    out_.append(name_).append(suffix);
    char before = '{';
    for (const Labels* some : {&common_, &labels})
      for (const auto& [name, text] : *some) {
        out_.append(1, before).append(name).append("=\"").append(label_value(text)).append("\"");
        before = ',';
      }
    if (before == ',') out_ += '}';
    out_.append(" ").append(value).append("\n");
  }

  const Labels& common_;
  const MetricsFormat format_;
  std::string out_, name_;
  Type type_ = Type::gauge;
};

using Type = Exposition::Type;

void add_daemon(Exposition& out, const proto::Metrics& metrics) {
  out.family("jobpool_up", Type::gauge, "", "1: the daemon answers");
  out.sample({}, 1);
  out.family("jobpool_build_info", Type::gauge, "", "the daemon's version");
  out.sample({{"version", metrics.version}}, 1);
  out.family("jobpool_uptime_seconds", Type::gauge, "seconds", "since the daemon began");
  out.sample({}, seconds_text(metrics.uptime_usec));
  out.family("jobpool_broker_start_time_seconds", Type::gauge, "seconds",
             "when its broker began, by the wall clock: every counter of jobs and every histogram began anew then");
  out.sample({}, seconds_text(metrics.since_usec));
  out.family("jobpool_connections", Type::gauge, "", "clients that are connected");
  out.sample({}, metrics.connections);
  out.family("jobpool_events_listeners", Type::gauge, "", "clients that listen to events");
  out.sample({}, metrics.events_listeners);
  out.family("jobpool_worker_restarts", Type::counter, "", "workers that replaced dead ones, since the daemon began");
  out.sample({}, metrics.worker_restarts);
  out.family("jobpool_broker_restarts", Type::counter, "", "brokers that replaced dead ones, or came by a reload, since the daemon began");
  out.sample({}, metrics.broker_restarts);
  out.family("jobpool_rescued_wakeups", Type::counter, "", "wake-ups that only the audit found: above zero is a bug");
  out.sample({}, metrics.rescued_wakeups);
  out.family("jobpool_submissions_refused", Type::counter, "", "submissions that were refused, by a full queue for one");
  out.sample({}, metrics.refused);
}

void add_store(Exposition& out, const proto::Metrics& metrics) {
  out.family("jobpool_store_bytes", Type::gauge, "bytes", "what the store's files take; large results and output have files of their own");
  out.sample({{"part", "database"}}, metrics.store.database_bytes);
  out.sample({{"part", "log"}}, metrics.store.log_bytes);
  out.sample({{"part", "queues"}}, metrics.store.queues_bytes);
  out.family("jobpool_store_free_bytes", Type::gauge, "bytes", "what is free on the store's file system");
  out.sample({}, metrics.store.free_bytes);
  out.family("jobpool_commit_seconds", Type::histogram, "seconds",
             "commits of the store, from the end of the turn to the word that it is on disk");
  out.histogram({}, metrics.bounds_usec, metrics.commits);
}

// One family after the other: all samples of one must stand together.
void add_pools(Exposition& out, const proto::Metrics& metrics) {
  const auto each = [&](auto&& show) {
    for (const proto::PoolMetrics& pool : metrics.pools) show(pool, Labels{{"pool", pool.status.name}});
  };
  const auto with = [](Labels labels, std::string name, std::string value) {
    labels.emplace_back(std::move(name), std::move(value));
    return labels;
  };
  out.family("jobpool_pool_state", Type::gauge, "", "1: the state that the pool is in");
  each([&](const proto::PoolMetrics& pool, const Labels& labels) {
    for (const char* state : {"running", "paused", "closed", "terminated", "joined"})
      out.sample(with(labels, "state", state), pool.status.state == state ? 1 : 0);
  });
  out.family("jobpool_workers", Type::gauge, "", "worker processes; other: they are being set up, or leave");
  each([&](const proto::PoolMetrics& pool, const Labels& labels) {
    const proto::PoolStatus& status = pool.status;
    out.sample(with(labels, "state", "idle"), status.workers_idle);
    out.sample(with(labels, "state", "running"), status.workers_running);
    out.sample(with(labels, "state", "other"), std::max<std::int64_t>(status.workers - status.workers_idle - status.workers_running, 0));
  });
  out.family("jobpool_jobs", Type::gauge, "", "jobs that are there, by state: the queue's depth is ready and waiting");
  each([&](const proto::PoolMetrics& pool, const Labels& labels) {
    const proto::PoolStatus& status = pool.status;
    for (const auto& [state, count] : std::initializer_list<std::pair<const char*, std::int64_t>>{
             {"ready", status.ready}, {"running", status.running}, {"waiting", status.waiting}, {"done", status.done}})
      out.sample(with(labels, "state", state), count);
  });
  const auto count = [&](std::string_view name, std::string_view help, std::int64_t proto::PoolStats::*counter) {
    out.family(name, Type::counter, "", help);
    each([&](const proto::PoolMetrics& pool, const Labels& labels) { out.sample(labels, pool.stats.*counter); });
  };
  count("jobpool_jobs_accepted", "jobs that were accepted", &proto::PoolStats::accepted);
  count("jobpool_attempts_started", "attempts that a worker began", &proto::PoolStats::started);
  count("jobpool_attempts_retried", "attempts that ended with another to follow", &proto::PoolStats::retried);
  count("jobpool_offers_revoked", "offers that were taken back before a worker began", &proto::PoolStats::revoked);
  out.family("jobpool_jobs_ended", Type::counter, "", "jobs that ended, by outcome");
  each([&](const proto::PoolMetrics& pool, const Labels& labels) {
    for (std::size_t i = 0; i < kOutcomeCount; ++i)
      out.sample(with(labels, "outcome", std::string{to_string(static_cast<Outcome>(i))}), pool.stats.ended[i]);
  });
  const auto times = [&](std::string_view name, std::string_view help, proto::Times proto::PoolMetrics::*which) {
    out.family(name, Type::histogram, "seconds", help);
    each([&](const proto::PoolMetrics& pool, const Labels& labels) { out.histogram(labels, metrics.bounds_usec, pool.*which); });
  };
  times("jobpool_queue_wait_seconds", "attempts, from when they could start to their start", &proto::PoolMetrics::queueing);
  times("jobpool_run_seconds", "attempts, from their start to their end", &proto::PoolMetrics::running);
  times("jobpool_end_to_end_seconds", "jobs, from their acceptance to their end", &proto::PoolMetrics::end_to_end);
}

void add_queues(Exposition& out, const std::vector<proto::Queue>& queues) {
  const auto count = [&](std::string_view name, std::string_view unit, std::string_view help, std::int64_t proto::Queue::*which) {
    out.family(name, Type::gauge, unit, help);
    for (const proto::Queue& queue : queues) out.sample({{"queue", queue.name}}, queue.*which);
  };
  count("jobpool_queue_items", "", "items in a named queue", &proto::Queue::size);
  count("jobpool_queue_bytes", "bytes", "bytes of the items in a named queue", &proto::Queue::bytes);
  count("jobpool_queue_unfinished", "", "items that were put and not yet said to be done", &proto::Queue::unfinished);
  out.family("jobpool_queue_waiters", Type::gauge, "", "calls that wait at a named queue");
  for (const proto::Queue& queue : queues)
    for (const auto& [side, count] : std::initializer_list<std::pair<const char*, std::int64_t>>{
             {"put", queue.putters}, {"get", queue.getters}, {"join", queue.joiners}})
      out.sample({{"queue", queue.name}, {"side", side}}, count);
}

bool is_label_name(std::string_view name) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  return !name.empty() && is_letter(name.front()) && !name.starts_with("__") &&
         std::ranges::all_of(name, [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

}  // namespace

Result<std::pair<std::string, std::string>> parse_label(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos) return Error{Errc::invalid_argument, "write NAME=VALUE"};
  const std::string_view name = text.substr(0, equals), value = text.substr(equals + 1);
  if (!is_label_name(name))
    return Error{Errc::invalid_argument, "'" + printable(name) + "' is no name of a label: letters, digits and _, beginning with a letter"};
  if (std::ranges::find(kOwnLabels, name) != kOwnLabels.end())
    return Error{Errc::invalid_argument, "the label '" + std::string{name} + "' is one that jobpool sets itself"};
  if (!proto::is_protocol_text(value)) return Error{Errc::invalid_argument, "the label's value is no UTF-8"};
  return std::pair{std::string{name}, std::string{value}};
}

std::string metrics_text(const proto::Metrics& metrics, const std::vector<proto::Queue>& queues, const Labels& labels,
                         MetricsFormat format) {
  Exposition out(labels, format);
  add_daemon(out, metrics);
  add_store(out, metrics);
  add_pools(out, metrics);
  add_queues(out, queues);
  return std::move(out).text();
}

std::string metrics_text_of_nobody(const Labels& labels, MetricsFormat format) {
  Exposition out(labels, format);
  out.family("jobpool_up", Type::gauge, "", "1: the daemon answers");
  out.sample({}, 0);
  return std::move(out).text();
}

}  // namespace jobpool::cli
