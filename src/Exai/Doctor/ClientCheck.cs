using Exai.Cli.Clients;

namespace Exai.Cli.Doctor;

/// <summary>Which clients know of us, and whether what they would start is there.</summary>
internal static class ClientCheck
{
    private const string Link = "client";

    public static IReadOnlyList<Finding> Look(ClientPlatform platform, TimeProvider time)
    {
        var findings = ClientCatalogue.All.Select(client => Look(client, new ClientConfiguration(client, platform, time))).OfType<Finding>().ToList();
        return findings.Count > 0
            ? findings
            : [Finding.Warning(Link, "any", "No known client has an entry of EXAI.", $"'exai install CLIENT' writes one: {string.Join(", ", ClientCatalogue.All.Select(client => client.Id))}.")];
    }

    /// <summary>Null for a client that does not know of us.</summary>
    private static Finding? Look(McpClientApp client, ClientConfiguration configuration)
    {
        try
        {
            return configuration.Program() switch
            {
                null => null,
                "" => Finding.Broken(Link, client.Id, $"{configuration.File} has an entry of EXAI without a command.", $"'exai install {client.Id}' writes it anew."),
                var program when IsThere(program) => Finding.Ok(Link, client.Id, $"{configuration.File} runs {program}"),
                var program => Finding.Broken(Link, client.Id, $"{configuration.File} runs {program}, which is not there.", $"'exai install {client.Id}' writes it anew."),
            };
        }
        catch (ClientConfigurationException failure)
        {
            return Finding.Warning(Link, client.Id, failure.Message, "Mend the file; the client cannot read it either.");
        }
    }

    /// <summary>A path, or a name that is looked for where programs are.</summary>
    private static bool IsThere(string program) => Path.IsPathRooted(program)
        ? File.Exists(program)
        : (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(folder =>
            folder.Length > 0 && (File.Exists(Path.Combine(folder, program)) || File.Exists(Path.Combine(folder, program + ".exe"))));
}
