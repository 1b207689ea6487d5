using System.Globalization;
using System.Text;

namespace Exai.Core.Models;

/// <summary>A text that is shown with a question, if the window has room for it.</summary>
public sealed record QuestionFile(string Path, string Text)
{
    /// <summary>As the model reads it: under its path, with line numbers, so that the model can cite them.</summary>
    public string Shown => field ??= Numbered();

    private string Numbered()
    {
        var shown = new StringBuilder(Text.Length + 64).Append("=== ").Append(Path).Append(" ===\n");
        var number = 0;
        foreach (var line in Text.AsSpan().TrimEnd("\r\n").EnumerateLines())
        {
            shown.Append(CultureInfo.InvariantCulture, $"{++number}\t").Append(line).Append('\n');
        }

        return shown.Append("=== end of ").Append(Path).Append(" ===").ToString();
    }
}

/// <summary>A picture that is shown with a question.</summary>
/// <param name="Bytes">Empty when there is a link.</param>
public sealed record QuestionImage(string MediaType, ReadOnlyMemory<byte> Bytes)
{
    /// <summary>Where the provider itself fetches it, over http or https; null when the bytes are here.</summary>
    public Uri? Link { get; init; }
}
