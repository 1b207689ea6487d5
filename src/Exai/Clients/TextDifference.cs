namespace Exai.Cli.Clients;

/// <summary>What a change of one place in a text takes away and adds, with a line around it.</summary>
internal static class TextDifference
{
    public static IReadOnlyList<string> Between(string before, string after)
    {
        var (old, changed) = (Lines(before), Lines(after));
        var head = 0;
        while (head < old.Length && head < changed.Length && old[head] == changed[head])
        {
            head++;
        }

        var tail = 0;
        while (tail < old.Length - head && tail < changed.Length - head && old[^(tail + 1)] == changed[^(tail + 1)])
        {
            tail++;
        }

        return
        [
            .. old.Skip(Math.Max(0, head - 1)).Take(Math.Min(1, head)).Select(line => "  " + line),
            .. old[head..^tail].Select(line => "- " + line),
            .. changed[head..^tail].Select(line => "+ " + line),
            .. old[^tail..].Take(1).Select(line => "  " + line),
        ];
    }

    private static string[] Lines(string text) => text.Length == 0 ? [] : text.ReplaceLineEndings("\n").TrimEnd('\n').Split('\n');
}
