using System.Text.Json;
using System.Text.Json.Nodes;

namespace Exai.Cli.Clients;

/// <summary>One client's configuration file: what it says of us, and what it would say after a change. Reads and writes nothing but that file.</summary>
internal sealed class ClientConfiguration(McpClientApp client, ClientPlatform platform, TimeProvider time)
{
    public string File { get; } = client.File(platform);

    private string Table => $"{client.Servers}.{McpClientApp.EntryName}";

    /// <summary>The file's text; empty when there is none.</summary>
    /// <exception cref="ClientConfigurationException">It cannot be read.</exception>
    public string Read()
    {
        try
        {
            return System.IO.File.Exists(File) ? System.IO.File.ReadAllText(File) : "";
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new ClientConfigurationException($"{File} cannot be read: {failure.Message}", failure);
        }
    }

    /// <summary>The program that the file runs for us; null when we are not in it.</summary>
    /// <exception cref="ClientConfigurationException">It cannot be read or understood.</exception>
    public string? Program()
    {
        var text = Read();
        return Understand(() => client.Format == ClientFormat.Toml ? TomlProgram(text) : JsonText.Find(text, client.Servers, McpClientApp.EntryName) is JsonObject entry
            ? (string?)(entry["command"] is JsonArray array ? array[0] : entry["command"]) ?? ""
            : null);
    }

    public string With(string text, ProgramCommand program) => Understand(() => client.Format == ClientFormat.Toml
        ? TomlText.Set(text, Table, program)
        : JsonText.Find(text, client.Servers, McpClientApp.EntryName) is { } known && JsonNode.DeepEquals(known, client.Entry(program))
            ? text
            : JsonText.Set(text, client.Servers, McpClientApp.EntryName, client.Entry(program)));

    public string Without(string text) => Understand(() =>
        client.Format == ClientFormat.Toml ? TomlText.Remove(text, Table) : JsonText.Remove(text, client.Servers, McpClientApp.EntryName));

    /// <summary>Replaces the file whole, after a copy of what it was; the copy's path, or null when there was nothing to copy.</summary>
    /// <exception cref="ClientConfigurationException">It cannot be written; it is as it was.</exception>
    public string? Write(string text)
    {
        try
        {
            // A link stays one: people keep their configuration elsewhere.
            var target = System.IO.File.Exists(File) ? System.IO.File.ResolveLinkTarget(File, returnFinalTarget: true)?.FullName ?? File : File;
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            string? backup = null;
            if (System.IO.File.Exists(target))
            {
                backup = $"{File}.{time.GetUtcNow():yyyyMMdd-HHmmss}.bak";
                System.IO.File.Copy(target, backup, overwrite: true);
            }

            var temporary = $"{target}.{Environment.ProcessId}.tmp";
            System.IO.File.WriteAllText(temporary, text);
            if (backup is not null && !OperatingSystem.IsWindows())
            {
                System.IO.File.SetUnixFileMode(temporary, System.IO.File.GetUnixFileMode(target));
            }

            System.IO.File.Move(temporary, target, overwrite: true);
            return backup;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new ClientConfigurationException($"{File} cannot be written: {failure.Message}", failure);
        }
    }

    private string? TomlProgram(string text) => TomlText.Find(text, Table) is not { } table ? null
        : table.Split('\n').Select(line => line.Split('=', 2)).FirstOrDefault(pair => pair[0].Trim() == "command") is [_, var value]
            ? Unquoted(value.Trim())
            : "";

    private static string Unquoted(string value) =>
        value.StartsWith('\'') ? value.Trim('\'') : value.StartsWith('"') && JsonNode.Parse(value[..(value.LastIndexOf('"') + 1)]) is { } text ? (string)text! : value;

    private T Understand<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException)
        {
            throw new ClientConfigurationException($"{File} is not written as {client.Title} writes it, so it is left alone: {failure.Message}", failure);
        }
    }
}

/// <summary>A client's file cannot be used. The message is for people.</summary>
internal sealed class ClientConfigurationException(string message, Exception innerException) : Exception(message, innerException);
