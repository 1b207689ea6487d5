using System.Text.Json;

namespace Exai.Settings;

/// <summary>A JSON file that people write, and what is wrong with it: every problem with its place, its value and its mend.</summary>
internal sealed class JsonFile(string path, SettingsFindings findings)
{
    private const int MostBytes = 4 * 1024 * 1024;

    /// <summary>The file's content; null when there is no file, or when it cannot be read, which is then a problem.</summary>
    public JsonPlace? Read()
    {
        if (!Path.Exists(path))
        {
            return null;
        }

        try
        {
            if (new FileInfo(path) is { Exists: true, Length: > MostBytes } large)
            {
                Unreadable(path, $"the file has {large.Length} bytes, and at most {MostBytes} are read", "Make it smaller");
                return null;
            }

            return JsonPlace.Parse(File.ReadAllText(path));
        }
        catch (JsonException exception)
        {
            // The message ends with a second telling of the place, counted from 0.
            var what = exception.Message.Split(" LineNumber:")[0].TrimEnd('.', ' ');
            Unreadable($"{path}:{(exception.LineNumber ?? 0) + 1}", $"this is not JSON: {what}", "Correct it; comments and trailing commas are allowed");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or InvalidOperationException)
        {
            var reason = Directory.Exists(path) ? "this is a folder, not a file" : exception.Message;
            Unreadable(path, reason, "Make it readable for this user, or remove it");
        }

        return null;
    }

    public string Source(JsonPlace place) => $"{path}:{place.Line}";

    /// <summary>A value that cannot be used as it stands.</summary>
    /// <param name="shown">The value as it may be shown; null shows none.</param>
    public void Problem(JsonPlace place, string? shown, string message, string mend) => Problem(place, place.Path, shown, message, mend);

    public void Problem(JsonPlace place, string name, string? shown, string message, string mend) =>
        findings.Problems.Add(new SettingProblem(name.Length == 0 ? "the file" : name, shown, Source(place), message, mend));

    public void Warning(JsonPlace place, string message) => findings.Warnings.Add(new SettingWarning(place.Path, Source(place), message));

    /// <summary>The value of a member as it may be shown: never one that looks like a key.</summary>
    public static string Shown(JsonPlace place) => place.Kind switch
    {
        JsonTokenType.String => Secrets.LooksLikeKey(place.Text) ? $"(hidden, {place.Text.Length} characters)" : place.Text,
        JsonTokenType.Number => place.Text,
        JsonTokenType.True => "true",
        JsonTokenType.False => "false",
        _ => $"({place.KindInWords})",
    };

    private void Unreadable(string source, string message, string mend) =>
        findings.Problems.Add(new SettingProblem(Path.GetFileName(path), null, source, message, mend));
}
