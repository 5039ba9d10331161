"""Passes a folder on as a file system that refuses something, in the foreground.

Arguments: the folder, the mount point, and what is refused: `shared-memory` or `locks`.
"""

import errno
import os
import sys

from fusepy import FUSE, FuseOSError, Operations


class Folder(Operations):
    def __init__(self, root):
        self.root = root

    def __call__(self, operation, path, *args):
        return super().__call__(operation, self.root + path, *args)

    def getattr(self, path, fh=None):
        found = os.lstat(path)
        names = ("atime", "ctime", "gid", "mode", "mtime", "nlink", "size", "uid")
        return {f"st_{name}": getattr(found, f"st_{name}") for name in names}

    def readdir(self, path, fh):
        return [".", "..", *os.listdir(path)]

    def create(self, path, mode, fi=None):
        return os.open(path, os.O_RDWR | os.O_CREAT, mode)

    def read(self, path, size, offset, fh):
        return os.pread(fh, size, offset)

    def write(self, path, data, offset, fh):
        return os.pwrite(fh, data, offset)

    def rename(self, old, new):
        return os.rename(old, self.root + new)

    def truncate(self, path, length, fh=None):
        os.truncate(path, length)

    def fsync(self, path, datasync, fh):
        os.fsync(fh)

    def release(self, path, fh):
        os.close(fh)

    def statfs(self, path):
        found = os.statvfs(path)
        names = ("bavail", "bfree", "blocks", "bsize", "favail", "ffree", "files", "frsize")
        return {f"f_{name}": getattr(found, f"f_{name}") for name in names}

    chmod = staticmethod(os.chmod)
    chown = staticmethod(os.chown)
    mkdir = staticmethod(os.mkdir)
    open = staticmethod(os.open)
    rmdir = staticmethod(os.rmdir)
    unlink = staticmethod(os.unlink)


class WithoutLocks(Folder):
    """As an NFS share without a lock manager."""

    def lock(self, path, fh, command, lock):
        raise FuseOSError(errno.ENOLCK)


root, mount_point, refused = sys.argv[1:]
folder = WithoutLocks(root) if refused == "locks" else Folder(root)
FUSE(
    folder,
    mount_point,
    foreground=True,
    # With it the kernel refuses to map a file that several processes may write.
    direct_io=refused == "shared-memory",
    # Tests change the folder behind it.
    attr_timeout=0,
    entry_timeout=0,
)
