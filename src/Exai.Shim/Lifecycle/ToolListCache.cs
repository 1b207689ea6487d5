using System.Text;
using System.Text.Json;
using Exai.Protocol;
using Exai.Settings;
using Exai.Settings.Home;
using Exai.Shim.Eras;

namespace Exai.Shim.Lifecycle;

/// <summary>
/// The tool list for moments without a daemon: the last good one of this era, or the one compiled in. Never empty, never an error.
/// </summary>
internal sealed class ToolListCache(ProtocolEra era, Func<ExaiSettings> settings)
{
    private byte[]? _last;
    private string? _lastVersion;

    /// <summary>The result of <c>tools/list</c> as JSON.</summary>
    public string Read()
    {
        _last ??= ReadFile();
        return _last is null ? era.ShapeList(ToolCatalogue.ListResult(settings().Tools.Offered)).ToJsonString(ToolResults.Json) : Encoding.UTF8.GetString(_last);
    }

    /// <summary>Keeps a list that a daemon sent; false for one page of several, or one without tools: that is no list to fall back on.</summary>
    /// <param name="daemonVersion">Whose list it is; null or empty when it did not say.</param>
    public bool Keep(ReadOnlyMemory<byte> result, string? daemonVersion)
    {
        if (_last is not null && _lastVersion == daemonVersion && result.Span.SequenceEqual(_last))
        {
            return true;
        }

        if (!IsWhole(result))
        {
            return false;
        }

        (_last, _lastVersion) = (result.ToArray(), daemonVersion);
        if (string.IsNullOrEmpty(daemonVersion) || !daemonVersion.All(character => char.IsAsciiLetterOrDigit(character) || character is '.' or '-'))
        {
            // Whose it is cannot be told by a file's name.
            return true;
        }

        try
        {
            Directory.CreateDirectory(settings().Home.CacheDirectory);
            OwnerOnlyFile.WriteAllText(CacheFile(daemonVersion), Encoding.UTF8.GetString(_last));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // The list is in memory; the next shim begins with the one compiled in.
        }

        return true;
    }

    /// <summary>Whether there is a tool in it at all: many clients read a list once, and never again when it was empty.</summary>
    public static bool HasTools(ReadOnlyMemory<byte> result) => TryReadShape(result, out _);

    /// <summary>Whether they are the same list, however they are written.</summary>
    public static bool AreEqual(ReadOnlyMemory<byte> one, ReadOnlyMemory<byte> other) => one.Span.SequenceEqual(other.Span) || Hash(one) == Hash(other);

    private static string Hash(ReadOnlyMemory<byte> result)
    {
        using var document = JsonDocument.Parse(result);
        return CanonicalJson.Hash(document.RootElement.TryGetProperty("tools", out var tools) ? tools : document.RootElement);
    }

    // One entry per era and daemon version: another version's list is not this one's.
    private string CacheFile(string daemonVersion) => Path.Combine(settings().Home.CacheDirectory, $"tools-{era.Name}-{daemonVersion}.json");

    private byte[]? ReadFile()
    {
        try
        {
            // The daemon that will be there is of this version: the shim starts its own.
            var bytes = File.ReadAllBytes(CacheFile(Product.Version));
            if (!IsWhole(bytes))
            {
                return null;
            }

            _lastVersion = Product.Version;
            return bytes;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static bool IsWhole(ReadOnlyMemory<byte> result) => TryReadShape(result, out var hasMore) && !hasMore;

    private static bool TryReadShape(ReadOnlyMemory<byte> result, out bool hasMore)
    {
        hasMore = false;
        try
        {
            using var document = JsonDocument.Parse(result);
            if (document.RootElement is not { ValueKind: JsonValueKind.Object } root)
            {
                return false;
            }

            hasMore = root.TryGetProperty("nextCursor", out _);
            return root.TryGetProperty("tools", out var tools) && tools.ValueKind == JsonValueKind.Array && tools.GetArrayLength() > 0;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
