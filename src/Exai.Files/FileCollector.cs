using System.Buffers;
using System.Security.Cryptography;
using System.Text.Json;
using Exai.Protocol;

namespace Exai.Files;

/// <summary>
/// Reads what a call's arguments name, in the order of the arguments: hashes it, tells what it is, and remembers where it was. Nothing is
/// sent from here. What is not there, no text, or too large is listed with its reason; what is refused ends the call.
/// </summary>
internal sealed class FileCollector(FileGate gate, GitReader git)
{
    public const int MostFiles = 500;
    public const long MostTextBytes = 4 * 1024 * 1024;
    public const long MostImageBytes = 10 * 1024 * 1024;
    public const long MostBytesOfCall = 64 * 1024 * 1024;

    /// <summary>How many files of one folder are listed as left out before the rest is only counted.</summary>
    private const int MostListed = 20;

    private readonly List<SentFile> _files = [];
    private readonly Dictionary<string, BlobSource> _blobs = new(StringComparer.Ordinal);
    private readonly HashSet<(string Argument, string Path)> _seen = [];
    private readonly List<string> _denied = [];
    private long _bytes;

    /// <param name="arguments">The call's; what is no path in them is the daemon's to refuse.</param>
    /// <exception cref="CallException">FILE_DENIED.</exception>
    public async Task<CollectedFiles> CollectAsync(JsonElement arguments, IReadOnlyList<AttachWish> wishes, CancellationToken cancellationToken)
    {
        foreach (var wish in wishes)
        {
            foreach (var path in Paths(arguments, wish))
            {
                // A disk may be slow: whoever waits for something else goes first.
                await Task.Yield();
                cancellationToken.ThrowIfCancellationRequested();
                if (wish.Kind == "git")
                {
                    Add(wish, await git.ReadAsync(path, arguments, gate, cancellationToken));
                }
                else
                {
                    AddNamed(wish, path, cancellationToken);
                }
            }
        }

        return _denied.Count == 0
            ? new CollectedFiles(_files, [.. _blobs.Values])
            : throw new CallException(ErrorCodes.FileDenied, string.Join('\n', _denied) + "\nNothing was sent and no model was asked.");
    }

    private static IEnumerable<string> Paths(JsonElement arguments, AttachWish wish)
    {
        if (arguments.ValueKind != JsonValueKind.Object || !arguments.TryGetProperty(wish.Argument, out var value))
        {
            return [];
        }

        IEnumerable<JsonElement> values = value.ValueKind == JsonValueKind.Array ? value.EnumerateArray() : [value];
        return values.Where(path => path.ValueKind == JsonValueKind.String).Select(path => path.GetString()!)
            .Where(path => !string.IsNullOrWhiteSpace(path) && !(wish.Kind == "image" && IsInline(path)));
    }

    /// <summary>An image that the call holds itself, or that the provider fetches.</summary>
    private static bool IsInline(string image) =>
        image.StartsWith("data:", StringComparison.OrdinalIgnoreCase) || image.StartsWith("http://", StringComparison.OrdinalIgnoreCase)
        || image.StartsWith("https://", StringComparison.OrdinalIgnoreCase);

    private void AddNamed(AttachWish wish, string written, CancellationToken cancellationToken)
    {
        try
        {
            var path = gate.Resolve(written);
            if (!Directory.Exists(path))
            {
                AddFile(wish, path, cancellationToken);
            }
            else if (wish.Kind == "image")
            {
                Omit(wish, gate.Workspace.Shown(path), ErrorCodes.FileNotFound, "It is a folder, not an image.");
            }
            else
            {
                AddFolder(wish, path, cancellationToken);
            }
        }
        catch (FileRefusedException refused) when (refused.Code == ErrorCodes.FileDenied)
        {
            _denied.Add(refused.Message);
        }
        catch (FileRefusedException refused)
        {
            Omit(wish, written, refused.Code, refused.Message);
        }
    }

    private void AddFolder(AttachWish wish, string folder, CancellationToken cancellationToken)
    {
        var (listed, unlisted) = (0, 0);
        foreach (var path in FolderWalk.Files(folder, gate, (path, reason) => LeaveOut(path, reason), cancellationToken))
        {
            try
            {
                if (gate.Refusal(path) is { } secret)
                {
                    LeaveOut(path, $"{ErrorCodes.FileDenied}: Not sent to a model: {secret}.");
                }
                else if (_blobs.Count >= MostFiles || _bytes >= MostBytesOfCall)
                {
                    LeaveOut(path, $"{ErrorCodes.FileTooLarge}: The call has more than {MostFiles} files or {MostBytesOfCall / (1024 * 1024)} MB. Name what matters.");
                }
                else
                {
                    AddFile(wish, path, cancellationToken);
                }
            }
            catch (FileRefusedException refused)
            {
                LeaveOut(path, $"{refused.Code}: {refused.Message}");
            }
        }

        if (unlisted > 0)
        {
            Omit(wish, gate.Workspace.Shown(folder), ErrorCodes.FileTooLarge, $"{unlisted} further files of this folder were left out.");
        }

        void LeaveOut(string path, string reason)
        {
            if (++listed <= MostListed)
            {
                Add(wish, new SentFile { Argument = wish.Argument, Path = gate.Workspace.Shown(path), Error = reason }, content: null);
            }
            else
            {
                unlisted++;
            }
        }
    }

    /// <exception cref="FileRefusedException">It is not attached; why.</exception>
    private void AddFile(AttachWish wish, string path, CancellationToken cancellationToken)
    {
        if (!_seen.Add((wish.Argument, path)))
        {
            return;
        }

        var most = wish.Kind == "image" ? MostImageBytes : wish.Binary ? BlobContract.MostBytes : MostTextBytes;
        using var stream = OpenStream(path);
        if (stream.Length > most)
        {
            throw TooLarge(stream.Length, most);
        }

        var (hash, bytes, type) = Read(stream, wish, most, cancellationToken);
        if (_blobs.Count >= MostFiles || _bytes + bytes > MostBytesOfCall)
        {
            throw new FileRefusedException(
                ErrorCodes.FileTooLarge, $"The call has more than {MostFiles} files or {MostBytesOfCall / (1024 * 1024)} MB. Name what matters.");
        }

        Add(
            wish,
            new SentFile { Argument = wish.Argument, Path = gate.Workspace.Shown(path), Sha256 = hash, Bytes = bytes, MediaType = type },
            () => OpenStream(path));
    }

    private FileStream OpenStream(string path)
    {
        var handle = gate.Open(path);
        try
        {
            var stream = new FileStream(handle, FileAccess.Read, bufferSize: 0);
            return stream.CanSeek ? stream : throw new FileRefusedException(ErrorCodes.FileNotFound, "It is no regular file.");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException)
        {
            handle.Dispose();
            throw new FileRefusedException(ErrorCodes.FileNotFound, "It is no regular file.");
        }
    }

    private static (string Hash, long Bytes, string Type) Read(FileStream stream, AttachWish wish, long most, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = ArrayPool<byte>.Shared.Rent(64 * 1024);
        try
        {
            // A whole sample first: one read may bring less.
            var count = stream.ReadAtLeast(buffer, FileTypes.SampleBytes, throwOnEndOfStream: false);
            var type = TypeOf(buffer.AsSpan(0, count), wish);
            var bytes = 0L;
            for (; count > 0; count = stream.Read(buffer))
            {
                cancellationToken.ThrowIfCancellationRequested();
                hash.AppendData(buffer, 0, count);
                bytes += count;
                if (bytes > most)
                {
                    // It grows while it is read, or its length was no length.
                    throw TooLarge(bytes, most);
                }
            }

            return (Convert.ToHexStringLower(hash.GetHashAndReset()), bytes, type);
        }
        catch (IOException failure)
        {
            throw new FileRefusedException(ErrorCodes.FileNotFound, $"It cannot be read: {failure.Message}");
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <exception cref="FileRefusedException">It is not what the argument takes.</exception>
    private static string TypeOf(ReadOnlySpan<byte> content, AttachWish wish)
    {
        var sample = content[..Math.Min(content.Length, FileTypes.SampleBytes)];
        if (Secrets.IsKey(sample))
        {
            throw new FileRefusedException(ErrorCodes.FileDenied, "A private key is not sent to a model.");
        }

        var image = FileTypes.Image(sample);
        if (wish.Kind == "image")
        {
            return image ?? throw new FileRefusedException(ErrorCodes.InvalidArgument, "It is no image of a type that models take (PNG, JPEG, GIF, WebP, BMP).");
        }

        return FileTypes.IsText(sample) ? FileTypes.Text
            : wish.Binary ? image ?? "application/octet-stream"
            : throw new FileRefusedException(
                ErrorCodes.InvalidArgument,
                image is not null ? "It is an image: name it in 'images'."
                : sample.StartsWith("%PDF-"u8) ? "It is binary, not text. Documents are read for 'smart_file_query' (TOOL_PROFILE=full)."
                : "It is binary, not text.");
    }

    private static FileRefusedException TooLarge(long bytes, long most) => new(
        ErrorCodes.FileTooLarge, $"It has {bytes / (1024 * 1024d):0.0} MB; at most {most / (1024 * 1024)} MB are read. Give the part that matters as text.");

    private void Add(AttachWish wish, GitState state)
    {
        if (state.Denied is { } denied)
        {
            _denied.Add(denied);
            return;
        }

        foreach (var (file, content) in state.Files)
        {
            Add(wish, file with { Argument = wish.Argument }, content is null ? null : () => new MemoryStream(content, writable: false));
        }
    }

    private void Omit(AttachWish wish, string path, string code, string reason) =>
        Add(wish, SentFile.Missing(wish.Argument, path, code, reason), content: null);

    private void Add(AttachWish wish, SentFile file, Func<Stream>? content)
    {
        _files.Add(file);
        if (content is not null && _blobs.TryAdd(file.Sha256!, new BlobSource(file.Sha256!, file.Bytes!.Value, content)))
        {
            _bytes += file.Bytes.Value;
        }
    }
}
