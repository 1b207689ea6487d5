using Exai.Protocol;

namespace Exai.Shim.Tests.Eras;

/// <summary>What a client of the era without a handshake sends through a <see cref="ShimRig"/>.</summary>
internal static class ModernClient
{
    private const string Capabilities = $"\"{ModernProtocol.CapabilitiesKey}\":{{}}";

    /// <summary>The client's <c>_meta</c>.</summary>
    /// <param name="more">Further members.</param>
    public static string Meta(string name = "test-client", string more = "", string version = ModernProtocol.Version) =>
        $"\"_meta\":{{\"{ModernProtocol.VersionKey}\":\"{version}\",{Capabilities},\"{ModernProtocol.ClientInfoKey}\":{{\"name\":\"{name}\",\"version\":\"1\"}}{more}}}";

    public static void Modern(this ShimRig rig, string id, string method, string members = "", string? meta = null) =>
        rig.Send($"{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"{method}\",\"params\":{{{members}{(members.Length > 0 ? "," : "")}{meta ?? Meta()}}}}}");

    public static void Discover(this ShimRig rig, string id) => rig.Modern(id, ModernProtocol.Discover);

    public static void ModernCall(this ShimRig rig, string id, string? token = null, string name = "test-client", string tool = "chat") => rig.Modern(
        id, "tools/call", $"\"name\":\"{tool}\",\"arguments\":{{\"prompt\":\"Hello {id.Trim('"')}\"}}",
        Meta(name, token is null ? "" : $",\"progressToken\":{token}"));

    public static void Listen(this ShimRig rig, string id, string wanted = "\"toolsListChanged\":true") =>
        rig.Modern(id, ModernProtocol.Listen, $"\"notifications\":{{{wanted}}}");

    /// <summary>A daemon that is up, and a link of the era over which the shim has said everything that it says first.</summary>
    public static async Task ModernReadyAsync(this ShimRig rig, string discoverId = "\"ready\"")
    {
        if (!rig.Daemon.IsUp)
        {
            rig.Daemon.Start();
        }

        rig.Discover(discoverId);
        await rig.ModernLinkAsync();
    }

    public static Task ModernLinkAsync(this ShimRig rig) => rig.UntilAsync(
        () => rig.Daemon.Connections.Any(connection => connection is { IsOpen: true, Era: LinkContract.ModernEra } && connection.Received.Any(message => message.Method == "tools/list")),
        "a link of the newer era");
}
