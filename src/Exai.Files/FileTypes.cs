using System.Text;

namespace Exai.Files;

/// <summary>What a file is, by its first bytes and not by its name.</summary>
internal static class FileTypes
{
    public const string Text = "text/plain";
    public const string Diff = "text/x-diff";

    /// <summary>How many bytes tell it.</summary>
    public const int SampleBytes = 8 * 1024;

    /// <summary>The type of an image that models take; null for anything else.</summary>
    public static string? Image(ReadOnlySpan<byte> start) =>
        start.StartsWith((ReadOnlySpan<byte>)[0x89, (byte)'P', (byte)'N', (byte)'G']) ? "image/png"
        : start.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xD8, 0xFF]) ? "image/jpeg"
        : start.StartsWith("GIF8"u8) ? "image/gif"
        : start.Length > 12 && start.StartsWith("RIFF"u8) && start[8..12].SequenceEqual("WEBP"u8) ? "image/webp"
        : start.StartsWith("BM"u8) && start.Length > 14 && start[6..10].IndexOfAnyExcept((byte)0) < 0 ? "image/bmp"
        : null;

    /// <summary>Whether a person could read it: no zero byte, unless a mark says that it is text in two-byte units.</summary>
    public static bool IsText(ReadOnlySpan<byte> start) =>
        start.StartsWith(Encoding.Unicode.Preamble) || start.StartsWith(Encoding.BigEndianUnicode.Preamble)
        || (start.IndexOf((byte)0) < 0 && !start.StartsWith("%PDF-"u8) && Image(start) is null);
}
