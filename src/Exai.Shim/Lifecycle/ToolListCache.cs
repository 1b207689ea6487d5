using System.Text;
using System.Text.Json;
using Exai.Protocol;
using Exai.Settings;
using Exai.Settings.Home;

namespace Exai.Shim.Lifecycle;

/// <summary>
/// The tool list for moments without a daemon: the last good one of this era, or the one compiled in. Never empty, never an error.
/// </summary>
internal sealed class ToolListCache(Func<ExaiSettings> settings)
{
    private byte[]? _last;
    private string? _lastHash;

    /// <summary>The result of <c>tools/list</c> as JSON.</summary>
    public string Read()
    {
        _last ??= ReadFile();
        return _last is null ? ToolCatalogue.ListResult(settings().Tools.Offered).ToJsonString(ToolResults.Json) : Encoding.UTF8.GetString(_last);
    }

    /// <summary>Keeps a list that a daemon sent; false for one page of several, or one without tools: that is no list to fall back on.</summary>
    public bool Keep(ReadOnlyMemory<byte> result)
    {
        if (!IsWhole(result))
        {
            return false;
        }

        var hash = Hash(result);
        if (hash == _lastHash)
        {
            return true;
        }

        (_last, _lastHash) = (result.ToArray(), hash);
        try
        {
            Directory.CreateDirectory(settings().Home.CacheDirectory);
            OwnerOnlyFile.WriteAllText(CacheFile, Encoding.UTF8.GetString(_last));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // The list is in memory; the next shim begins with the one compiled in.
        }

        return true;
    }

    /// <summary>Whether there is a tool in it at all: many clients read a list once, and never again when it was empty.</summary>
    public static bool HasTools(ReadOnlyMemory<byte> result) => TryReadShape(result, out _);

    /// <summary>Equal lists have equal hashes, however they are written.</summary>
    public static string Hash(ReadOnlyMemory<byte> result)
    {
        using var document = JsonDocument.Parse(result);
        return CanonicalJson.Hash(document.RootElement.TryGetProperty("tools", out var tools) ? tools : document.RootElement);
    }

    // One entry per era, shape and program version: another version's list is not this one's.
    private string CacheFile => Path.Combine(settings().Home.CacheDirectory, $"tools-{LinkContract.LegacyEra}-{Product.Version}.json");

    private byte[]? ReadFile()
    {
        try
        {
            var bytes = File.ReadAllBytes(CacheFile);
            return IsWhole(bytes) ? bytes : null;
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
