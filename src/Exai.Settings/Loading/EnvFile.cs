namespace Exai.Settings;

/// <summary>
/// A settings file: <c>NAME=VALUE</c> lines. Our own parser, because the common ones disagree about comments: here
/// <c>NAME=180  # three minutes</c> is 180, and a line that cannot be read is a problem with its number, never half a value.
/// </summary>
/// <remarks>
/// A value is bare (trimmed; a <c>#</c> after white space starts a comment) or quoted. In single quotes all is literal; in double quotes
/// only <c>\"</c> and <c>\\</c> are escapes, so that a Windows path keeps its <c>\n</c>. Values do not span lines and nothing is expanded.
/// </remarks>
internal sealed class EnvFile
{
    private EnvFile(string path, IReadOnlyList<EnvFileEntry> entries, IReadOnlyList<EnvFileError> errors)
    {
        Path = path;
        Entries = entries;
        Errors = errors;
    }

    public string Path { get; }

    public IReadOnlyList<EnvFileEntry> Entries { get; }

    public IReadOnlyList<EnvFileError> Errors { get; }

    /// <exception cref="IOException">The file is missing or cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be read, or is a folder.</exception>
    public static EnvFile Read(string path) => Parse(path, File.ReadAllText(path));

    public static EnvFile Parse(string path, string text)
    {
        var entries = new List<EnvFileEntry>();
        var errors = new List<EnvFileError>();
        var number = 0;
        foreach (var line in text.AsSpan().TrimStart('\uFEFF').EnumerateLines())
        {
            number++;
            var content = line.Trim();
            if (content.IsEmpty || content[0] == '#')
            {
                continue;
            }

            if (ParseLine(content, out var name, out var value) is { } error)
            {
                errors.Add(new EnvFileError(number, error));
            }
            else
            {
                entries.Add(new EnvFileEntry(name, value, number));
            }
        }

        return new EnvFile(path, entries, errors);
    }

    /// <summary>The same file less the entries that have no effect.</summary>
    public EnvFile Without(Predicate<string> hasNoEffect)
    {
        var left = new List<EnvFileEntry>(Entries);
        left.RemoveAll(entry => hasNoEffect(entry.Name));
        return new EnvFile(Path, left, Errors);
    }

    /// <summary>Takes an inline comment off a bare value.</summary>
    public static ReadOnlySpan<char> WithoutComment(ReadOnlySpan<char> value)
    {
        for (var i = 1; i < value.Length; i++)
        {
            if (value[i] == '#' && char.IsWhiteSpace(value[i - 1]))
            {
                return value[..i].Trim();
            }
        }

        return value.Trim();
    }

    private static string? ParseLine(ReadOnlySpan<char> line, out string name, out string value)
    {
        name = value = "";
        if (line.StartsWith("export ", StringComparison.Ordinal) || line.StartsWith("export\t", StringComparison.Ordinal))
        {
            line = line["export ".Length..].TrimStart();
        }

        var equals = line.IndexOf('=');
        if (equals < 0)
        {
            return "there is no '=' in it";
        }

        var key = line[..equals].TrimEnd();
        if (!IsName(key))
        {
            return "what stands before '=' is not a name (letters, digits and '_')";
        }

        name = key.ToString();
        var rest = line[(equals + 1)..];
        var content = rest.TrimStart();
        if (!content.IsEmpty && content[0] is '"' or '\'')
        {
            return ParseQuoted(content, out value);
        }

        value = WithoutComment(rest).ToString();
        return null;
    }

    private static string? ParseQuoted(ReadOnlySpan<char> content, out string value)
    {
        value = "";
        var quote = content[0];
        var text = new System.Text.StringBuilder(content.Length);
        for (var i = 1; i < content.Length; i++)
        {
            if (quote == '"' && content[i] == '\\' && i + 1 < content.Length && content[i + 1] is '"' or '\\')
            {
                text.Append(content[++i]);
            }
            else if (content[i] == quote)
            {
                var after = content[(i + 1)..].Trim();
                value = text.ToString();
                return after.IsEmpty || after[0] == '#' ? null : "there is text after the closing quote";
            }
            else
            {
                text.Append(content[i]);
            }
        }

        return $"the quote {quote} is not closed on the line";
    }

    private static bool IsName(ReadOnlySpan<char> key)
    {
        if (key.IsEmpty || char.IsAsciiDigit(key[0]))
        {
            return false;
        }

        foreach (var c in key)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not '_' and not '.' and not '-')
            {
                return false;
            }
        }

        return true;
    }
}

internal readonly record struct EnvFileEntry(string Name, string Value, int Line);

/// <summary>A line that cannot be read. Its text is not kept: it may hold a key.</summary>
internal readonly record struct EnvFileError(int Line, string Message);
