using System.Security.Cryptography;
using System.Text;
using Exai.Core.Tools.Files;

namespace Exai.Core.Tests.Tools;

/// <summary>Attached files whose bytes are in memory.</summary>
internal sealed class MemoryFiles : IFileContents
{
    private readonly Dictionary<string, byte[]> _bytes = new(StringComparer.Ordinal);

    public AttachedFile Attach(string argument, string path, string text) => Attach(argument, path, Encoding.UTF8.GetBytes(text));

    public AttachedFile Attach(string argument, string path, byte[] bytes, string? mediaType = null)
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(bytes));
        _bytes[hash] = bytes;
        return new AttachedFile(argument, path) { Sha256 = hash, Bytes = bytes.Length, MediaType = mediaType };
    }

    public void Forget(AttachedFile file) => _bytes.Remove(file.Sha256!);

    public ValueTask<ReadOnlyMemory<byte>?> FindAsync(string sha256, CancellationToken cancellationToken) =>
        ValueTask.FromResult<ReadOnlyMemory<byte>?>(_bytes.TryGetValue(sha256, out var bytes) ? bytes : null);
}
