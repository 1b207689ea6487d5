using System.Text;
using System.Text.RegularExpressions;

namespace Exai.Files;

/// <summary>
/// What is left out when a folder is expanded: what <c>.gitignore</c> files say, from the workspace's root down to each folder, and what no reader
/// of a project wants. A file that is named itself is not asked about here.
/// </summary>
internal sealed class IgnoreRules
{
    /// <summary>Larger than any that people write.</summary>
    private const int MostBytes = 256 * 1024;

    private static readonly HashSet<string> AlwaysIgnored = new(StringComparer.OrdinalIgnoreCase)
    {
        ".git", ".hg", ".svn", ".jj", "node_modules", "bower_components", "__pycache__", ".venv", "venv", ".tox", ".mypy_cache", ".pytest_cache", ".ruff_cache",
        ".gradle", ".idea", ".vs", ".terraform", ".next", ".nuxt", ".DS_Store", "Thumbs.db",
    };

    private readonly IgnoreRules? _outer;
    private readonly string _folder;
    private readonly List<Rule> _rules;

    private IgnoreRules(IgnoreRules? outer, string folder, List<Rule> rules) => (_outer, _folder, _rules) = (outer, folder, rules);

    /// <summary>The rules that hold in a folder.</summary>
    /// <param name="root">Where rules begin to be read; a folder on the way to <paramref name="folder"/>.</param>
    /// <param name="gate">Through which the files are read.</param>
    public static IgnoreRules In(string folder, string root, FileGate gate)
    {
        var outer = PathRules.Same(folder, root) || Path.GetDirectoryName(folder) is not { } parent ? null : In(parent, root, gate);
        return new IgnoreRules(outer, folder, Read(folder, gate));
    }

    /// <summary>The rules of a folder within this one.</summary>
    public IgnoreRules Within(string folder, FileGate gate) => new(this, folder, Read(folder, gate));

    public bool Ignores(string path, bool isFolder) => AlwaysIgnored.Contains(Path.GetFileName(path)) || (Verdict(path, isFolder) ?? false);

    /// <summary>The rules in the innermost folder count most, and in a file the last one that fits; null when none does.</summary>
    private bool? Verdict(string path, bool isFolder)
    {
        var relative = Path.GetRelativePath(_folder, path).Replace('\\', '/');
        for (var index = _rules.Count - 1; index >= 0; index--)
        {
            if ((isFolder || !_rules[index].FoldersOnly) && _rules[index].Pattern.IsMatch(relative))
            {
                return !_rules[index].Keeps;
            }
        }

        return _outer?.Verdict(path, isFolder);
    }

    private static List<Rule> Read(string folder, FileGate gate)
    {
        var file = Path.Combine(folder, ".gitignore");
        try
        {
            if (!File.Exists(file))
            {
                return [];
            }

            using var handle = gate.Open(file);
            using var stream = new FileStream(handle, FileAccess.Read, bufferSize: 4096);
            if (!stream.CanSeek || stream.Length > MostBytes)
            {
                return [];
            }

            using var reader = new StreamReader(stream, Encoding.UTF8);
            return [.. reader.ReadToEnd().Split('\n').Select(Parse).OfType<Rule>()];
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or FileRefusedException)
        {
            return [];
        }
    }

    private static Rule? Parse(string line)
    {
        var text = line.TrimEnd('\r');
        text = text.EndsWith("\\ ", StringComparison.Ordinal) ? text[..^2] + " " : text.TrimEnd(' ', '\t');
        if (text.Length == 0 || text[0] == '#')
        {
            return null;
        }

        var keeps = text[0] == '!';
        text = keeps ? text[1..] : text;
        var foldersOnly = text.EndsWith('/');
        text = text.TrimEnd('/');
        if (text.Length == 0)
        {
            return null;
        }

        // A slash at the start or in the middle ties the pattern to the folder of its file.
        var anchored = text.Contains('/', StringComparison.Ordinal);
        try
        {
            var expression = $"^{(anchored ? "" : "(?:.*/)?")}{ToExpression(text.TrimStart('/'))}$";
            return new Rule(new Regex(expression, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant), keeps, foldersOnly);
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    private static string ToExpression(string pattern)
    {
        var expression = new StringBuilder();
        for (var index = 0; index < pattern.Length; index++)
        {
            var rest = pattern.AsSpan(index);
            if (rest.StartsWith("**/") && (index == 0 || pattern[index - 1] == '/'))
            {
                expression.Append("(?:.*/)?");
                index += 2;
            }
            else if (rest.SequenceEqual("**") && index > 0 && pattern[index - 1] == '/')
            {
                expression.Append(".*");
                index++;
            }
            else if (rest[0] == '[' && rest[1..].IndexOf(']') is > 0 and var end)
            {
                var set = rest[1..(end + 1)].ToString().Replace("\\", "\\\\", StringComparison.Ordinal).Replace("[", "\\[", StringComparison.Ordinal);
                expression.Append('[').Append(set[0] == '!' ? "^" + set[1..] : set).Append(']');
                index += end + 1;
            }
            else if (rest[0] == '\\' && rest.Length > 1)
            {
                expression.Append(Regex.Escape(rest[1].ToString()));
                index++;
            }
            else
            {
                expression.Append(rest[0] switch
                {
                    '*' => "[^/]*",
                    '?' => "[^/]",
                    var other => Regex.Escape(other.ToString()),
                });
            }
        }

        return expression.ToString();
    }

    /// <param name="Keeps">The pattern takes back what an earlier one ignores.</param>
    private sealed record Rule(Regex Pattern, bool Keeps, bool FoldersOnly);
}
