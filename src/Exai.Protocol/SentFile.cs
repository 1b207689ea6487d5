using System.Text.Json;
using System.Text.Json.Serialization;

namespace Exai.Protocol;

/// <summary>
/// One file that a call names, as it stands in <c>params._meta["exai/files"]</c>: read where the client runs, its bytes kept by the daemon under
/// their hash. Either <see cref="Sha256"/>, <see cref="Bytes"/> and <see cref="MediaType"/> are there, or <see cref="Error"/> says why not.
/// </summary>
public sealed record SentFile
{
    /// <summary>The call's argument that names it.</summary>
    public required string Argument { get; init; }

    /// <summary>As people and models should call it: relative to the workspace where it lies in one.</summary>
    public required string Path { get; init; }

    /// <summary>Lower-case hexadecimal; the name of its bytes in <c>/blobs</c>.</summary>
    public string? Sha256 { get; init; }

    public long? Bytes { get; init; }

    public string? MediaType { get; init; }

    /// <summary>One of <see cref="ErrorCodes"/>, a colon, and the reason in a sentence.</summary>
    public string? Error { get; init; }

    [JsonIgnore]
    public bool IsThere => Sha256 is not null && Error is null;

    [JsonIgnore]
    public bool IsImage => MediaType?.StartsWith("image/", StringComparison.OrdinalIgnoreCase) is true;

    /// <summary>One that could not be read.</summary>
    public static SentFile Missing(string argument, string path, string code, string reason) =>
        new() { Argument = argument, Path = path, Error = $"{code}: {reason}" };

    /// <summary>Reads <c>exai/files</c>.</summary>
    /// <returns>Null when it is no such list: an entry without argument, path, or a proper hash.</returns>
    public static IReadOnlyList<SentFile>? Read(JsonElement json)
    {
        try
        {
            var files = json.Deserialize(WireJson.Default.SentFileArray);
            return files is not null && files.All(IsSound) ? files : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static bool IsSound(SentFile? file) =>
        file is { Argument.Length: > 0, Path.Length: > 0 } && (file.Error is not null || (BlobContract.IsHash(file.Sha256) && file.Bytes is >= 0));
}

/// <summary><c>HEAD|PUT /blobs/{sha256}</c>: the bytes of files that calls name.</summary>
public static class BlobContract
{
    public const string Path = "/blobs";

    public static string PathOf(string sha256) => $"{Path}/{sha256}";

    /// <summary>Of one blob. The shim reads nothing that is larger.</summary>
    public const long MostBytes = 32 * 1024 * 1024;

    /// <summary>Whether it is a SHA-256 in lower-case hexadecimal, the only spelling there is.</summary>
    public static bool IsHash(string? text) => text is { Length: 64 } && text.All(char.IsAsciiHexDigitLower);
}
