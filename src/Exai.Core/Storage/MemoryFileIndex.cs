using System.Collections.Concurrent;

namespace Exai.Core.Storage;

/// <summary>An index that lasts as long as its process. Thread-safe.</summary>
internal sealed class MemoryFileIndex : IProviderFileIndex
{
    private readonly ConcurrentDictionary<FileKey, IndexedFile> _files = new();

    public ValueTask<IndexedFile?> FindAsync(FileKey key, CancellationToken cancellationToken) => ValueTask.FromResult(_files.GetValueOrDefault(key));

    public ValueTask SaveAsync(IndexedFile file, CancellationToken cancellationToken)
    {
        _files[file.Key] = file;
        return ValueTask.CompletedTask;
    }

    public ValueTask ForgetAsync(FileKey key, CancellationToken cancellationToken)
    {
        _files.TryRemove(key, out _);
        return ValueTask.CompletedTask;
    }

    public ValueTask ForgetFileAsync(string account, string fileId, CancellationToken cancellationToken)
    {
        foreach (var (key, file) in _files)
        {
            if (key.Account == account && file.FileId == fileId)
            {
                _files.TryRemove(key, out _);
            }
        }

        return ValueTask.CompletedTask;
    }
}
