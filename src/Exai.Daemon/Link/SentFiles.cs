using System.Text.Json;
using System.Text.Json.Nodes;
using Exai.Core.Tools.Files;
using Exai.Protocol;

namespace Exai.Daemon.Link;

/// <summary>The files of a call, from the wire to the call.</summary>
internal static class SentFiles
{
    /// <param name="json">The value of <c>_meta["exai/files"]</c>; null when there is none.</param>
    /// <returns>Null when it is no list of files.</returns>
    public static IReadOnlyList<AttachedFile>? Read(JsonNode? json) =>
        json is null ? [] : SentFile.Read(json.Deserialize<JsonElement>()) is { } files ? Attached(files) : null;

    public static IReadOnlyList<AttachedFile> Attached(IReadOnlyList<SentFile> files) => [.. files.Select(File)];

    private static AttachedFile File(SentFile sent)
    {
        var (code, reason) = sent.Error?.Split(": ", 2) is [var head, var rest] ? (head, rest) : (ErrorCodes.FileNotFound, sent.Error);
        return new AttachedFile(sent.Argument, sent.Path)
        {
            Sha256 = sent.IsThere ? sent.Sha256 : null,
            Bytes = sent.Bytes ?? 0,
            MediaType = sent.MediaType,
            // Whoever reads the files ends a call that names a refused file; one that arrives was only met in a folder, and is told like any other.
            ErrorCode = sent.Error is null ? null : code == ErrorCodes.FileDenied ? ErrorCodes.FileNotFound : code,
            Error = reason,
        };
    }
}
