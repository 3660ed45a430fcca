// See file_system.hpp. The numbers are those of linux/magic.h and of statfs(2); named here, since no header has them all.
#include "daemon/broker/store/file_system.hpp"

#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <sstream>
#include <string_view>

namespace jobpool::broker {
namespace {

constexpr long kFuse = 0x65735546;

struct Network {
  long magic;
  const char* name;
};
constexpr std::array kNetworks = {
    Network{0x6969, "NFS"},          Network{0x517B, "SMB"},      Network{0xFF534D42, "CIFS"},   Network{0xFE534D42, "SMB2"},
    Network{0x01021997, "9p"},       Network{0x00C36400, "Ceph"}, Network{0x5346414F, "AFS"},    Network{0x6B414653, "AFS"},
    Network{0x73757245, "Coda"},     Network{0x564C, "NCP"},      Network{0x0BD00BD0, "Lustre"}, Network{0x47504653, "GPFS"},
    Network{0x7461636F, "OCFS2"},    Network{0x01161970, "GFS2"}, Network{0xAAD7AAEA, "PanFS"},  Network{0x19830326, "BeeGFS"},
    Network{0x20030528, "OrangeFS"},
};

// In user space all have one number; what is not listed is taken for local (a container's overlay, a disk of another system).
struct InUserSpace {
  std::string_view beginning;
  const char* name;
};
constexpr std::array kInUserSpace = {
    InUserSpace{"fuse.sshfs", "sshfs"},     InUserSpace{"fuse.s3fs", "s3fs"},       InUserSpace{"fuse.glusterfs", "GlusterFS"},
    InUserSpace{"fuse.ceph", "Ceph"},       InUserSpace{"fuse.rclone", "rclone"},   InUserSpace{"fuse.davfs", "WebDAV"},
    InUserSpace{"fuse.curlftpfs", "FTP"},   InUserSpace{"fuse.gcsfuse", "gcsfuse"}, InUserSpace{"fuse.goofys", "goofys"},
    InUserSpace{"fuse.juicefs", "JuiceFS"}, InUserSpace{"fuse.nfs", "NFS"},         InUserSpace{"fuse.smb", "SMB"},
    InUserSpace{"fuse.mount-s3", "S3"},     InUserSpace{"fuse.gvfsd", "gvfs"},      InUserSpace{"fuse.moosefs", "MooseFS"},
};

// mountinfo: id parent major:minor root mount-point options [optional …] - type source options
std::string type_of_mount(dev_t device) {
  const std::string wanted = std::to_string(major(device)) + ":" + std::to_string(minor(device));
  std::ifstream mounts("/proc/self/mountinfo");
  for (std::string line; std::getline(mounts, line);) {
    std::istringstream words(line);
    std::string id, parent, number, type;
    words >> id >> parent >> number;
    const std::size_t dash = line.find(" - ");
    if (number != wanted || dash == std::string::npos) continue;
    std::istringstream(line.substr(dash + 3)) >> type;
    return type;
  }
  return {};
}

}  // namespace

Result<FileSystem> file_system_of(int fd) {
  struct statfs found {};
  if (::fstatfs(fd, &found) != 0) return errno_error("statfs");
  FileSystem file_system;
  file_system.magic = static_cast<long>(static_cast<unsigned int>(found.f_type));
  if (file_system.magic != kFuse) return file_system;
  struct stat about {};
  if (::fstat(fd, &about) != 0) return errno_error("stat");
  file_system.subtype = type_of_mount(about.st_dev);
  return file_system;
}

const char* network_name(const FileSystem& file_system) {
  if (file_system.magic == kFuse) {
    const auto found = std::find_if(kInUserSpace.begin(), kInUserSpace.end(),
                                    [&](const InUserSpace& one) { return file_system.subtype.starts_with(one.beginning); });
    return found == kInUserSpace.end() ? nullptr : found->name;
  }
  const auto found = std::find_if(kNetworks.begin(), kNetworks.end(), [&](const Network& one) { return one.magic == file_system.magic; });
  return found == kNetworks.end() ? nullptr : found->name;
}

}  // namespace jobpool::broker
