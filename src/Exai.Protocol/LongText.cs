using System.Text;
using System.Text.Encodings.Web;

namespace Exai.Protocol;

/// <summary>
/// Keeps a result below what clients read in one message: common ones close the connection at 10 MiB without a line end. The journal
/// keeps the whole text; only its delivery is cut.
/// </summary>
internal static class LongText
{
    /// <summary>Bytes of the text as JSON. What stands beside it in a result has room in the two MiB above.</summary>
    public const int MostBytes = 8 * 1024 * 1024;

    /// <summary>Characters of a partial answer in an error's metadata.</summary>
    public const int MostPartial = 64 * 1024;

    /// <summary>JSON writes a UTF-16 unit in at most this many bytes (<c>\u0000</c>).</summary>
    private const int MostBytesPerUnit = 6;

    private const int Piece = 1024;

    /// <summary>The text itself, or its beginning with a closing line that says what is missing.</summary>
    public static string Cut(string text)
    {
        if (text.Length <= MostBytes / MostBytesPerUnit)
        {
            return text;
        }

        var fits = LengthThatFits(text);
        return fits == text.Length
            ? text
            : $"{text.AsSpan(0, fits)}\n\n[Cut: these are the first {fits:N0} of {text.Length:N0} characters. A client reads at most 10 MiB in one message, so a result is cut at 8 MiB.]";
    }

    private static int LengthThatFits(ReadOnlySpan<char> text)
    {
        Span<char> written = stackalloc char[Piece * MostBytesPerUnit];
        var (kept, bytes) = (0, 0);
        while (kept < text.Length)
        {
            var piece = text.Slice(kept, Math.Min(Piece, text.Length - kept));
            JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(piece, written, out var consumed, out var count, isFinalBlock: kept + piece.Length == text.Length);
            bytes += Encoding.UTF8.GetByteCount(written[..count]);
            if (bytes > MostBytes)
            {
                return kept;
            }

            kept += consumed;
        }

        return kept;
    }
}
